"""A client of the storage service under test, with keys of each role and the database behind it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from edge.tokens import mint

SECRET = "a-secret-of-at-least-thirty-two-characters"
ANN = "11111111-1111-4111-8111-111111111111"
BOB = "22222222-2222-4222-8222-222222222222"


@dataclass(frozen=True, slots=True)
class Storage:
    """A client; `token` is the caller's, None for a request without one."""

    client: httpx.AsyncClient
    dsn: str
    folder: Path
    token: str | None = field(default_factory=lambda: mint(SECRET, "service_role"))

    def as_user(self, user_id: str | None) -> "Storage":
        """Return a client of a signed-in user, or of role `anon`."""
        role, claims = ("authenticated", {"sub": user_id}) if user_id else ("anon", {})
        return Storage(self.client, self.dsn, self.folder, mint(SECRET, role, **claims))

    def without_token(self) -> "Storage":
        return Storage(self.client, self.dsn, self.folder, None)

    async def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = dict(options.pop("headers", {}))
        if self.token:
            headers.setdefault("authorization", f"Bearer {self.token}")
        return await self.client.request(method, path, headers=headers, **options)

    async def upload(
        self, key: str, data: bytes = b"hello world", content_type: str = "text/plain", **more: str
    ) -> httpx.Response:
        headers = {"content-type": content_type, **more}
        return await self("POST", f"/object/{key}", content=data, headers=headers)

    async def create_bucket(self, name: str, **settings: Any) -> None:
        answer = await self("POST", "/bucket", json={"name": name, **settings})
        assert answer.status_code == 200, answer.text

    def execute(self, statement: str) -> None:
        """Run SQL as the superuser."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    def files(self) -> list[Path]:
        """Return the files of all versions."""
        return sorted(self.folder.glob("??/*"))


def error(answer: httpx.Response) -> tuple[int, str, str]:
    """Return the HTTP status, the code and the status in the body."""
    body = answer.json()
    return answer.status_code, body["code"], body["statusCode"]
