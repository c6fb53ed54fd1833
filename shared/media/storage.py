"""Files in Storage by its REST API, as the service or as a caller, whose policies then decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import quote, unquote, urlsplit

from pydantic_core import from_json

from shared.database.clients import http_pool
from shared.env import SupabaseEnv
from shared.errors import UnavailableError

WORKSPACE: Final = "workspace-temp"
LIBRARY: Final = "user-library"
REFERENCES: Final = "reference_images"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_MOST_READ: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's size, and the start of its content."""

    size: int
    start: bytes


@dataclass(frozen=True, slots=True)
class Storage:
    """A project's Storage; `token` is None for the service."""

    env: SupabaseEnv
    token: str | None = None

    async def sign(self, bucket: str, path: str, seconds: int) -> str | None:
        """Return a URL that is valid for `seconds`; None if there is no such file for us."""
        response = await self._send(
            "POST", f"object/sign/{_quote(bucket, path)}", json={"expiresIn": seconds}
        )
        if response is None:
            return None
        answer: Any = from_json(response[0])
        return f"{self.env.url}/storage/v1{answer['signedURL']}"

    async def sign_upload(self, bucket: str, path: str) -> str | None:
        """Return a URL to which a PUT stores the file; None if there is no such bucket."""
        found = await self._send(
            "POST", f"object/upload/sign/{_quote(bucket, path)}", {"x-upsert": "true"}, json={}
        )
        if found is None:
            return None
        answer: Any = from_json(found[0])
        return f"{self.env.url}/storage/v1{answer['url']}"

    async def read_start(self, bucket: str, path: str, count: int) -> StoredFile | None:
        """Return the size and the first bytes; None if there is no such file for us."""
        headers = {"range": f"bytes=0-{count - 1}"}
        found = await self._send(
            "GET", f"object/authenticated/{_quote(bucket, path)}", headers=headers
        )
        if found is None:
            return None
        content, answered = found
        total = answered.get("content-range", "").rpartition("/")[2]
        size = int(total) if total.isdigit() else int(answered.get("content-length") or 0)
        return StoredFile(size, content[:count])

    async def upload(self, bucket: str, path: str, content: bytes, content_type: str) -> None:
        """Store a file, or replace it."""
        headers = {"content-type": content_type, "x-upsert": "true"}
        found = await self._send(
            "POST", f"object/{_quote(bucket, path)}", headers=headers, content=content
        )
        if found is None:
            raise _unavailable()

    async def _send(
        self, method: str, route: str, headers: Mapping[str, str] | None = None, **body: Any
    ) -> tuple[bytes, Mapping[str, str]] | None:
        import httpx

        key = self.env.secret_key if self.token is None else self.env.publishable_key
        sent = {"apikey": key, "authorization": f"Bearer {self.token or key}", **(headers or {})}
        url = f"{self.env.url}/storage/v1/{route}"
        pool = http_pool(self.env.url)
        try:
            async with pool.stream(method, url, headers=sent, **body) as response:
                content = b""
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > _MOST_READ:
                        break
        except httpx.TransportError as exc:
            raise _unavailable() from exc
        if response.status_code >= 500 or response.status_code == 429:
            raise _unavailable()
        if not response.is_success:
            return None
        return content, cast("Mapping[str, str]", response.headers)


def locate(reference: str, project_url: str) -> tuple[str, str] | None:
    """Return bucket and path of a reference to a stored file: `bucket/path`, or a URL of Storage.

    None for other URLs.
    """
    parts = urlsplit(reference)
    if not parts.scheme:
        bucket, _, path = reference.lstrip("/").partition("/")
        return bucket, path
    if not _is_project(reference, project_url):
        return None
    route = unquote(parts.path).removeprefix("/storage/v1/")
    for prefix in ("object", "render/image"):
        for access in ("sign", "public", "authenticated"):
            if route.startswith(f"{prefix}/{access}/"):
                bucket, _, path = route.removeprefix(f"{prefix}/{access}/").partition("/")
                return bucket, path
    return None


def is_plain_path(path: str) -> bool:
    """Return whether a path names a file without detours."""
    return (
        0 < len(path) <= 1000
        and path.isprintable()
        and "\\" not in path
        and not any(part in ("", ".", "..") for part in path.split("/"))
    )


def _is_project(reference: str, project_url: str) -> bool:
    """Compare origins; the names of this machine are one."""
    try:
        asked, own = urlsplit(reference), urlsplit(project_url)
        same_port = asked.port == own.port
    except ValueError:
        return False
    hosts = (asked.hostname or "", own.hostname or "")
    same_host = hosts[0] == hosts[1] or all(host in _LOOPBACK for host in hosts)
    return asked.scheme == own.scheme and same_port and same_host


def _quote(bucket: str, path: str) -> str:
    return f"{quote(bucket, safe='')}/{quote(path, safe='/')}"


def _unavailable() -> UnavailableError:
    return UnavailableError(
        "Storage cannot be reached just now.",
        code="STORAGE_UNAVAILABLE",
        headers={"Retry-After": "1"},
    )
