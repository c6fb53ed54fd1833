"""Finds the image that a job refers to and signs a URL of it for the worker."""

from typing import Final

from shared.context import Context
from shared.errors import BadInputError, NotFoundError
from shared.http.fetch import FetchError, FetchPolicy, TooLargeError, UrlError, fetch
from shared.media.env import media_env
from shared.media.file_type import EXTENSIONS, SNIFFED_BYTES, detect_type
from shared.media.storage import REFERENCES, Storage, is_plain_path, locate

_SIGNED_SECONDS: Final = 24 * 3600  # a job may wait for its worker
_MAX_BYTES: Final = 10 << 20
_FETCH_SECONDS: Final = 20


async def find_reference(ctx: Context, reference: str, job_id: str) -> str:
    """Return a signed URL. A file of Storage must be the caller's; another URL is fetched.

    Raises NotFoundError REFERENCE_NOT_FOUND, BadInputError INVALID_REFERENCE, URL_NOT_ALLOWED,
    FETCH_FAILED and FILE_TOO_LARGE.
    """
    found = locate(reference, ctx.env.supabase.url)
    if found is None:
        return await _copy(ctx, reference, job_id)
    bucket, path = found
    if not bucket or not is_plain_path(path):
        raise _not_found()
    storage = Storage(ctx.env.supabase, ctx.principal.token)  # as the caller: policies decide
    file = await storage.read_start(bucket, path, SNIFFED_BYTES)
    if file is None:
        raise _not_found()
    _check_image(file.start)
    if file.size > _MAX_BYTES * 5:
        raise BadInputError("The reference image is larger than 50 MB.", code="FILE_TOO_LARGE")
    return await storage.sign(bucket, path, _SIGNED_SECONDS) or _raise_not_found()


async def _copy(ctx: Context, url: str, job_id: str) -> str:
    """Fetch a URL here, where it can be judged, and give the worker a copy in Storage."""
    content = await _fetch(url)
    media_type = _check_image(content[:SNIFFED_BYTES])
    storage = Storage(ctx.env.supabase)
    # workspace-actions deletes it when the job has ended.
    path = f"{ctx.user_id}/job-references/{job_id}.{EXTENSIONS[media_type]}"
    await storage.upload(REFERENCES, path, content, media_type)
    return await storage.sign(REFERENCES, path, _SIGNED_SECONDS) or _raise_not_found()


async def _fetch(url: str) -> bytes:
    policy = FetchPolicy(
        media_env().allows_private_references,
        setting="REFERENCES_ALLOW_PRIVATE",
        max_bytes=_MAX_BYTES,
        seconds=_FETCH_SECONDS,
    )
    try:
        answer = await fetch(url, policy)
    except UrlError as exc:
        raise BadInputError(str(exc), code="URL_NOT_ALLOWED") from exc
    except TooLargeError as exc:
        message = f"The reference image is larger than {_MAX_BYTES >> 20} MB."
        raise BadInputError(message, code="FILE_TOO_LARGE") from exc
    except FetchError as exc:
        raise BadInputError(str(exc), code="FETCH_FAILED") from exc
    if answer.status != 200:
        raise BadInputError(f"The URL answers with status {answer.status}.", code="FETCH_FAILED")
    return answer.content


def _check_image(start: bytes) -> str:
    media_type = detect_type(start)
    if media_type is None or not media_type.startswith("image/"):
        raise BadInputError(
            "The reference is not an image that can be read.", code="INVALID_REFERENCE"
        )
    return media_type


def _raise_not_found() -> str:
    raise _not_found()


def _not_found() -> NotFoundError:
    return NotFoundError("Reference image not found", code="REFERENCE_NOT_FOUND")
