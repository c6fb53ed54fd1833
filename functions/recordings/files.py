"""Recordings in Storage: downloaded to a file for a while, or stored from a URL."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import IO, Any, Final, cast
from urllib.parse import quote, unquote, urlsplit

from shared.context import Context
from shared.errors import BadInputError, ForbiddenError
from shared.http.fetch import FetchError, FetchPolicy, TooLargeError, UrlError, fetch
from shared.media.storage import Storage, is_plain_path

from .remote import RemoteFile

BUCKET: Final = "recordings"
_MOST_FETCHED: Final = 100 << 20
_FETCH_SECONDS: Final = 60.0
_LONGEST_NAME: Final = 120


def check_path(ctx: Context, path: str) -> None:
    """Refuse paths outside of the caller's folder. Raises BadInputError, ForbiddenError."""
    if not is_plain_path(path):
        raise BadInputError("path must name a file of the bucket recordings.", code="INVALID_PATH")
    if ctx.auth_mode != "secret" and path.split("/")[0] != ctx.user_id:
        raise ForbiddenError("The path must begin with your own id.")


@asynccontextmanager
async def opened(ctx: Context, path: str) -> AsyncGenerator[IO[bytes]]:
    """Yield the recording as a file, read in threads. Raises NotFoundError, UnavailableError."""
    env = ctx.env.supabase
    url = f"{env.url}/storage/v1/object/authenticated/{BUCKET}/{quote(path)}"
    headers = {"apikey": env.secret_key, "authorization": f"Bearer {env.secret_key}"}
    file = await asyncio.to_thread(RemoteFile, url, headers)
    try:
        await asyncio.to_thread(file.begin)
        yield cast("IO[bytes]", file)
    finally:
        file.close()


async def fetch_recording(
    ctx: Context, url: str, folder: str, *, allows_private: bool
) -> dict[str, Any]:
    """Store what a URL gives; return {path, name, size, digest}.

    Raises BadInputError URL_NOT_ALLOWED, FILE_TOO_LARGE or FETCH_FAILED, UnavailableError.
    """
    policy = FetchPolicy(
        allows_private=allows_private,
        setting="RECORDINGS_ALLOW_PRIVATE",
        trusted=(ctx.env.supabase.url,),  # signed and public URLs of the project's own files
        max_bytes=_MOST_FETCHED,
        seconds=_FETCH_SECONDS,
    )
    try:
        found = await fetch(url, policy)
    except UrlError as exc:
        raise BadInputError(str(exc), code="URL_NOT_ALLOWED") from exc
    except TooLargeError as exc:
        raise BadInputError(str(exc), code="FILE_TOO_LARGE") from exc
    except FetchError as exc:
        raise BadInputError(str(exc), code="FETCH_FAILED") from exc
    if not found.is_success or not found.content:
        raise BadInputError(f"The URL answered {found.status}.", code="FETCH_FAILED")
    name = name_of(url)
    digest = await asyncio.to_thread(_digest, found.content)
    path = path_of(folder, digest, name)
    kind = found.headers.get("content-type", "").partition(";")[0].strip()
    storage = Storage(ctx.env.supabase)
    await storage.upload(BUCKET, path, found.content, kind or "application/octet-stream")
    return {"path": path, "name": name, "size": len(found.content), "digest": digest}


def path_of(folder: str, digest: str, name: str) -> str:
    """Return where a file is stored, in the ASCII characters that Storage takes."""
    plain = "".join(each if each.isascii() else "_" for each in name)
    return f"{folder}/{digest[:16]}/{plain}"


def name_of(url: str) -> str:
    """Return a file's name from a URL, without characters that files do not have."""
    last = unquote(urlsplit(url).path).replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = "".join(each if each.isalnum() or each in "._- ()" else "_" for each in last)
    stem, dot, ending = plain.strip(". ").rpartition(".")
    if not dot:
        return (ending or "recording")[:_LONGEST_NAME]
    return f"{stem[:_LONGEST_NAME]}.{ending[:8]}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
