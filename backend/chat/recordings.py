"""Recordings of calls in Storage, bucket recordings: stored, read, signed, deleted."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import quote

import httpx

BUCKET: Final = "recordings"
ENDINGS: Final = (
    *(".mp3", ".m4a", ".wav", ".ogg", ".opus", ".flac", ".aac", ".mpga", ".amr", ".wma"),
    *(".mp4", ".mov", ".webm", ".mkv", ".mpeg", ".avi", ".m4v", ".3gp"),
)
SHARED: Final = "shared"
"""The folder of recordings without an owner."""
_CHUNK: Final = 1 << 18
_SIGNED_SECONDS: Final = 3600


class RecordingError(Exception):
    """Storage refused or failed; the message may be shown to users, with its status."""

    def __init__(self, message: str, status: int = 502) -> None:
        super().__init__(message)
        self.status = status


class Recordings:
    """Recordings of the project at `api_url`, reached with its secret `key`."""

    def __init__(self, api_url: str, key: str) -> None:
        self._url = f"{api_url}/storage/v1"
        self._client = httpx.AsyncClient(
            base_url=self._url,
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(120, connect=5),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def store(self, path: str, file: IO[bytes], size: int) -> None:
        """Store a file, or replace it. Raises RecordingError."""

        async def chunks() -> AsyncGenerator[bytes]:
            file.seek(0)
            while chunk := file.read(_CHUNK):
                yield chunk

        headers = {
            "content-type": "application/octet-stream",
            "content-length": str(size),
            "x-upsert": "true",
        }
        await self._send("POST", f"/object/{_quote(path)}", content=chunks(), headers=headers)

    async def read(self, path: str, most: int) -> bytes:
        """Return a file's content. Raises RecordingError, also beyond `most` bytes."""
        content = bytearray()
        try:
            async with self._client.stream(
                "GET", f"/object/authenticated/{_quote(path)}"
            ) as response:
                _check(response)
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > most:
                        raise RecordingError(f"The file is larger than {most >> 20} MB.", 413)
        except httpx.HTTPError as exc:
            raise RecordingError("Storage cannot be reached.", 503) from exc
        return bytes(content)

    async def sign(self, path: str) -> str:
        """Return a URL that plays the recording for an hour. Raises RecordingError."""
        body = {"expiresIn": _SIGNED_SECONDS}
        answer = await self._send("POST", f"/object/sign/{_quote(path)}", json=body)
        return f"{self._url}{answer.json()['signedURL']}"

    async def remove(self, path: str) -> None:
        """Delete a file; one that is not there is ignored. Raises RecordingError."""
        await self._send("DELETE", f"/object/{BUCKET}", json={"prefixes": [path]})

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            response = await self._client.request(method, path, **more)
        except httpx.HTTPError as exc:
            raise RecordingError("Storage cannot be reached.", 503) from exc
        _check(response)
        return response


def is_recording(name: str) -> bool:
    """Return whether a file's name is that of audio or video."""
    return Path(name).suffix.lower() in ENDINGS


def path_of(owner: str | None, digest: str, name: str) -> str:
    """Return where a file is stored: its owner's folder, its content's digest, its name."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ()") else "_" for c in name)
    return f"{owner or SHARED}/{digest[:16]}/{plain.strip() or 'recording'}"


def _check(response: httpx.Response) -> None:
    if response.is_success:
        return
    if response.status_code == 413:
        raise RecordingError("The file is larger than the project's Storage takes.", 413)
    status = 503 if response.status_code >= 500 else 502
    raise RecordingError(f"Storage answered {response.status_code}.", status)


def _quote(path: str) -> str:
    return f"{BUCKET}/{quote(path)}"
