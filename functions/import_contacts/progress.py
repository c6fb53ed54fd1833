"""Progress of an import as a stream of JSON lines, for lists that take long."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, Final

from shared.context import Context
from shared.database.clients import translate_database_error
from shared.errors import FunctionError, InternalError, public_form, render_error

MEDIA_TYPE: Final = "application/x-ndjson"
_SILENCE_SECONDS: Final = 2.0


async def render_lines(
    ctx: Context, events: AsyncIterator[Mapping[str, Any]]
) -> AsyncGenerator[bytes]:
    """Yield a line for each event, and one every two seconds while the next one takes longer.

    The last line is {"result": …}, or {"error": …} as the body of an error's answer.
    """
    waiting = asyncio.ensure_future(anext(events))
    last: Mapping[str, Any] = {}
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=_SILENCE_SECONDS)
            if done:
                last = waiting.result()
                waiting = asyncio.ensure_future(anext(events))
            yield _render(last)
    except StopAsyncIteration:
        return
    except Exception as exc:
        yield _render({"error": render_error(_classify(ctx, exc))})
    finally:
        if not waiting.done():
            waiting.cancel()
            await asyncio.wait({waiting})


def _classify(ctx: Context, error: Exception) -> FunctionError:
    known = (
        error
        if isinstance(error, FunctionError)
        else translate_database_error(error, ctx.env.supabase.url) or InternalError()
    )
    sys.stderr.write(f"import-contacts: {known.code}: {known.message} ({type(error).__name__})\n")
    return public_form(known)


def _render(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event).encode() + b"\n"
