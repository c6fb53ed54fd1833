"""Copies, sizes and deletes files of Storage as the service, by its REST API."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import quote

from pydantic_core import from_json

from shared.database.clients import http_pool
from shared.env import SupabaseEnv
from shared.errors import UnavailableError, UpstreamError

WORKSPACE: Final = "workspace-temp"
LIBRARY: Final = "user-library"
_SECONDS: Final = 30.0


class FileMissingError(UpstreamError):
    """The file, or its bucket, is not in Storage."""

    default_code = "FILE_MISSING"


class StorageFailedError(UpstreamError):
    """Storage refused or failed."""

    default_code = "STORAGE_FAILED"


@dataclass(frozen=True, slots=True)
class File:
    """A file by its bucket and its path there."""

    bucket: str
    path: str

    def __str__(self) -> str:
        return f"{self.bucket}/{self.path}"


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a project."""

    env: SupabaseEnv

    async def size(self, file: File) -> int | None:
        """Return the size in bytes, None if there is no such file."""
        path = f"object/info/{quote(file.bucket)}/{quote(file.path)}"
        try:
            answer = await self._send("GET", path)
        except FileMissingError:
            return None
        size = answer.get("size") or cast("Any", answer.get("metadata") or {}).get("size")
        return size if isinstance(size, int) else 0

    async def copy(self, source: File, target: File) -> int:
        """Copy a file, replacing what is at the target; return the size of the confirmed copy.

        Raises FileMissingError or StorageFailedError; also if the copy's size differs.
        """
        expected = await self.size(source)
        if expected is None:
            raise FileMissingError(f"The file {source} is not in Storage.")
        body = {
            "bucketId": source.bucket,
            "sourceKey": source.path,
            "destinationBucket": target.bucket,
            "destinationKey": target.path,
        }
        await self._send("POST", "object/copy", body, {"x-upsert": "true"})
        if await self.size(target) != expected or not expected:
            raise StorageFailedError(f"The copy of {source} is not complete.")
        return expected

    async def copy_if_there(self, source: File, target: File) -> bool:
        """Copy a file that may be missing, such as a thumbnail; return whether it was copied."""
        try:
            await self.copy(source, target)
        except UpstreamError:
            return False
        return True

    def public_url(self, file: File) -> str:
        """Return the URL of a file in a public bucket."""
        return f"{self.env.url}/storage/v1/object/public/{quote(str(file))}"

    async def remove(self, bucket: str, paths: Sequence[str]) -> None:
        """Delete files; those that are not there are ignored."""
        if not paths:
            return
        try:
            await self._send("DELETE", f"object/{quote(bucket)}", {"prefixes": list(paths)})
        except FileMissingError:
            return

    async def _send(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        import httpx

        key = self.env.secret_key
        try:
            response = await http_pool(self.env.url).request(
                method,
                f"{self.env.url}/storage/v1/{path}",
                json=body,
                headers={"apikey": key, "authorization": f"Bearer {key}", **(headers or {})},
                timeout=_SECONDS,
            )
        except httpx.TransportError as exc:
            raise UnavailableError(
                "Storage cannot be reached.", code="STORAGE_UNAVAILABLE"
            ) from exc
        return _read(response.status_code, response.content)


def _read(status: int, content: bytes) -> dict[str, Any]:
    try:
        answer: Any = from_json(content)
    except ValueError:
        answer = {}
    named = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
    if status < 400:
        return named
    message = str(named.get("message") or f"status {status}")[:200]
    if status == 404 or str(named.get("statusCode")) == "404":
        raise FileMissingError(f"Storage: {message}")
    if status >= 500 or status == 429:
        raise UnavailableError(f"Storage: {message}", code="STORAGE_UNAVAILABLE")
    raise StorageFailedError(f"Storage: {message}")
