"""Draw portraits of characters; for administrators.

POST {names?, style?, seconds? (90)}, also without a body: without names, up to five characters that
have no picture. 200 {success, results [{name, path}]}; a character that fails has {name, error,
code} instead, and success is false. The picture is in bucket avatars, characters.image_url names
it. 400 INVALID_BODY · 403 ADMIN_REQUIRED, USER_REQUIRED · 502 NO_AVATAR_DRAWN.
"""

import asyncio
from typing import Annotated, Any, Final

import httpx
from postgrest.exceptions import APIError
from pydantic import ConfigDict, Field, StringConstraints

from shared.auth.roles import require_admin
from shared.context import Context
from shared.database.clients import translate_database_error
from shared.endpoint import Answer, endpoint
from shared.errors import ForbiddenError, FunctionError, InternalError
from shared.http.body import Input, read_optional_model
from shared.media.drawing import draw
from shared.media.files import WORKSPACE, File, Files
from shared.media.workspace import delete_assets
from shared.monitoring.monitor import monitored

from .characters import Character, find_characters, set_picture

_MAX_BODY: Final = 1 << 16
_BUCKET: Final = "avatars"
_AT_ONCE: Final = 3

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class AvatarsInput(Input):
    """Whose portraits, and how they should look."""

    model_config = ConfigDict(extra="ignore")

    names: list[Name] | None = Field(default=None, max_length=10)
    style: str = Field(default="soft studio light, neutral background", max_length=500)
    seconds: int = Field(default=90, ge=1, le=130)


@endpoint(auth=("user", "secret"))
async def main(ctx: Context) -> Answer:
    """Check, find the characters, draw each, answer."""
    with monitored(ctx):
        body = await read_optional_model(ctx.request, AvatarsInput, _MAX_BODY)
        await require_admin(ctx)
        if ctx.user_id is None:
            raise ForbiddenError("Portraits are drawn for a signed-in user.", code="USER_REQUIRED")
        found, missing = await find_characters(ctx, body.names)
        slots = asyncio.Semaphore(_AT_ONCE)
        with ctx.stage("draw"):
            drawn = await asyncio.gather(*(_try(ctx, each, body, slots) for each in found))
        results = [*drawn, *({"name": name, **_MISSING} for name in missing)]
        return _render(results)


_MISSING: Final = {"error": "There is no character of this name.", "code": "CHARACTER_NOT_FOUND"}


async def _try(
    ctx: Context, character: Character, body: AvatarsInput, slots: asyncio.Semaphore
) -> dict[str, str]:
    """Draw one portrait; a failure is its own result."""
    try:
        async with slots:
            return {"name": character.name, "path": await _portray(ctx, character, body)}
    except (FunctionError, APIError, httpx.TransportError) as exc:
        error = (
            exc
            if isinstance(exc, FunctionError)
            else translate_database_error(exc, ctx.env.supabase.url) or InternalError()
        )
        return {"name": character.name, "error": error.message, "code": error.code}


async def _portray(ctx: Context, character: Character, body: AvatarsInput) -> str:
    metadata = {
        "source": "generate-avatars",
        "character_id": character.id,
        "aspect_ratio": "1:1",
        "contentType": "sfw",
    }
    drawing = await draw(ctx, character.portrait(body.style), metadata, seconds=body.seconds)
    files = Files(ctx.env.supabase)
    target = File(_BUCKET, f"characters/{character.slug}.{drawing.asset.suffix}")
    await files.copy(File(WORKSPACE, drawing.asset.path), target)
    await set_picture(ctx, character, str(target))
    await delete_assets(ctx, [drawing.asset])
    return target.path


def _render(results: list[dict[str, Any]]) -> Answer:
    failed = [result for result in results if "error" in result]
    body: dict[str, Any] = {"success": not failed, "results": results}
    if failed and len(failed) == len(results):
        message = f"No portrait was drawn: {failed[0]['error']}"
        return {**body, "code": "NO_AVATAR_DRAWN", "message": message, "error": message}, 502
    return body
