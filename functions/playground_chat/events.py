"""The answer as server-sent events, while it is written."""

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx
from postgrest.exceptions import APIError

from shared.context import Context
from shared.database.clients import translate_database_error
from shared.errors import FunctionError, InternalError

from .reply import Piece
from .turn import Turn


async def stream(ctx: Context, turn: Turn, pieces: AsyncGenerator[Piece]) -> AsyncGenerator[bytes]:
    """Yield `delta` events, then `done` or `error`; what a caller who leaves has seen is stored."""
    is_ended = False
    try:
        yield _render("delta", {"text": turn.pieces[0].text})
        async for piece in pieces:
            turn.pieces.append(piece)
            yield _render("delta", {"text": piece.text})
        is_ended = True
        yield _render("done", turn.render(await turn.save(ctx)))
    except (FunctionError, APIError, httpx.TransportError) as exc:
        is_ended = True
        error = _classify(exc, ctx)
        yield _render("error", {"code": error.code, "message": error.message})
    finally:
        await pieces.aclose()
        if not is_ended:
            ctx.wait_until(turn.save(ctx))


def _classify(error: Exception, ctx: Context) -> FunctionError:
    if isinstance(error, FunctionError):
        return error
    return translate_database_error(error, ctx.env.supabase.url) or InternalError()


def _render(event: str, data: Mapping[str, Any]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode(
        "utf-8", "replace"
    )
