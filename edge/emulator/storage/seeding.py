"""Upload the files of config.toml's buckets into empty ones, as `supabase start` does."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx
from starlette.types import ASGIApp

from edge.emulator.storage.upload import DEFAULT_TYPE

_PIECE: Final = 256 * 1024
_TIMEOUT: Final = 600.0


async def upload_folders(app: ASGIApp, token: str, folders: Mapping[str, Path]) -> list[str]:
    """Upload the files of each bucket's folder, or its one file; returns a sentence for each."""
    notes: list[str] = []
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://storage", headers=headers, timeout=_TIMEOUT
    ) as client:
        for bucket, folder in folders.items():
            if note := await _fill(client, bucket, folder):
                notes.append(note)
    return notes


async def _fill(client: httpx.AsyncClient, bucket: str, folder: Path) -> str | None:
    setting = f"storage.buckets.{bucket}.objects_path"
    listed = await client.post(f"/object/list/{quote(bucket)}", json={"prefix": "", "limit": 1})
    if listed.is_error or listed.json():
        return None
    files = await asyncio.to_thread(_list_files, folder)
    if not files:
        return f"{setting}: there are no files at {folder}"
    refused: list[str] = []
    for name, path in files:
        kind = mimetypes.guess_type(path.name)[0] or DEFAULT_TYPE
        headers = {"content-type": kind, "content-length": str(path.stat().st_size)}
        address = f"/object/{quote(bucket)}/{quote(name)}"
        sent = await client.post(address, content=_read(path), headers=headers)
        if sent.is_error:
            refused.append(f"{name}: {sent.json().get('message', sent.text)}")
    if refused:
        done = len(files) - len(refused)
        return f"{setting}: uploaded {done} of {len(files)} files; {refused[0]}"
    return f"uploaded {len(files)} files to the bucket {bucket}"


def _list_files(folder: Path) -> list[tuple[str, Path]]:
    """Return name in the bucket and path of each regular file."""
    if folder.is_file():
        return [(folder.name, folder)]
    found = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted((path.relative_to(folder).as_posix(), path) for path in found)


async def _read(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
