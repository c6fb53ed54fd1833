"""Chat in a conversation: with the assistant, or with a character.

POST {conversation_id, message, project_id?, character_id?, content_tier?, roleplay_settings?
{responseStyle casual | detailed | immersive, responseLength short | medium | long}, participants?
[{name, description}], long_response?}: 200 {success, response, conversation_id, user_message_id,
message_id, generation_time, context_type, content_tier, template_meta, enforcement_diagnostics,
model_used, model_origin}. Message and answer are stored together, nothing if it fails.
With Accept: text/event-stream: `delta` {text} as it is written, then `done` with that object, or
`error` {code, message}. The text of `done` is the stored one.
400 INVALID_BODY · 403 USER_REQUIRED · 404 CONVERSATION_, CHARACTER_, PROJECT_NOT_FOUND · 502
WORKER_FAILED, PROVIDER_… · 503 WORKER_NOT_CONFIGURED · 504 WORKER_TIMEOUT.
"""

from collections.abc import AsyncGenerator

from starlette.responses import StreamingResponse

from shared.auth.roles import is_admin
from shared.context import Context
from shared.endpoint import Answer, endpoint
from shared.errors import UnavailableError
from shared.monitoring.counts import Record
from shared.monitoring.monitor import monitored
from shared.prompts.cache import Cached
from shared.prompts.store import get_templates

from .conversation import Conversation, load_conversation
from .events import stream
from .prompt import build_system_prompt, choose_context
from .reply import Piece, build_request, generate
from .request import ChatInput
from .turn import Turn


@endpoint(auth=("user", "secret"), body=ChatInput)
async def main(ctx: Context, body: ChatInput) -> Answer:
    """Load, ask, store, answer."""
    with monitored(ctx) as record:
        with ctx.stage("read"):
            conversation = await load_conversation(ctx, body)
        turn = await _begin(ctx, body, conversation, record)
        pieces = generate(ctx, build_request(body, conversation, turn.prompt))
        with ctx.stage("generate"):
            turn.pieces.append(await _first(pieces))
        if "text/event-stream" in ctx.request.headers.get("accept", ""):
            headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
            events = stream(ctx, turn, pieces)
            return StreamingResponse(events, media_type="text/event-stream", headers=headers)
        async for piece in pieces:
            turn.pieces.append(piece)
        with ctx.stage("store"):
            return turn.render(await turn.save(ctx))


async def _begin(ctx: Context, body: ChatInput, conversation: Conversation, record: Record) -> Turn:
    cached = await _templates(ctx, record)
    may_ask = conversation.kind == "admin" and await is_admin(ctx)
    context_type = choose_context(conversation, body.message, is_admin=may_ask)
    prompt = build_system_prompt(cached, conversation, body, context_type)
    record.fallback_level = 0 if prompt.template else 2
    ctx.note(conversation_id=conversation.id, context_type=context_type)
    return Turn(body, conversation, prompt, cached)


async def _templates(ctx: Context, record: Record) -> Cached | None:
    try:
        cached = await get_templates(ctx)
    except UnavailableError:
        return None
    record.cache_hit = cached.is_hit
    return cached


async def _first(pieces: AsyncGenerator[Piece]) -> Piece:
    """Await the first piece, so that a failure is still an HTTP status."""
    async for piece in pieces:
        return piece
    raise UnavailableError("The model answered with nothing.", code="ANSWER_EMPTY")
