"""A client of the auth service under test, with the service's keys and its database."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from edge.emulator.auth.mail.mailbox import Mailbox, Message
from edge.tokens import mint

SECRET = "a-secret-of-at-least-thirty-two-characters"
ISSUER = "http://127.0.0.1:54321/auth/v1"
PASSWORD = "correct horse"


@dataclass(frozen=True, slots=True)
class Auth:
    """A client of the service, and the database behind it."""

    client: httpx.AsyncClient
    dsn: str
    mailbox: Mailbox

    async def __call__(
        self, method: str, url: str, body: object = None, token: str | None = None, **options: Any
    ) -> httpx.Response:
        headers = {"x-supabase-api-version": "2024-01-01"} | options.pop("headers", {})
        if token:
            headers["authorization"] = f"Bearer {token}"
        if body is not None:
            options["json"] = body
        return await self.client.request(method, url, headers=headers, **options)

    async def sign_up(self, email: str = "ann@example.com", **more: Any) -> dict[str, Any]:
        answer = await self("POST", "/signup", {"email": email, "password": PASSWORD, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def sign_in(self, email: str = "ann@example.com", password: str = PASSWORD) -> Any:
        return await self(
            "POST", "/token?grant_type=password", {"email": email, "password": password}
        )

    async def refresh(self, token: str) -> httpx.Response:
        return await self("POST", "/token?grant_type=refresh_token", {"refresh_token": token})

    async def admin(self, method: str, url: str, body: object = None) -> httpx.Response:
        return await self(method, url, body, mint(SECRET, "service_role"))

    def mail(self, to: str = "ann@example.com") -> Message:
        """Return the newest message to this address."""
        return self.mailbox.search(to)[0]

    def code(self, to: str = "ann@example.com") -> str:
        """Return the code in the newest message to this address."""
        found = re.search(r"\b\d{6}\b", self.mail(to).text)
        assert found, self.mail(to).text
        return found[0]

    def link(self, to: str = "ann@example.com") -> str:
        """Return the path and query of the link in the newest mail to this address."""
        found = re.search(rf"{re.escape(ISSUER)}(/verify\?[^ ]+)", self.mail(to).text)
        assert found, self.mail(to).text
        return found[1]

    def execute(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run SQL as the superuser, past the API."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []


Open = Callable[..., Awaitable[Auth]]
