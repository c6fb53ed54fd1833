"""What a chat is about, read as the caller: row-level security selects the rows."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final, cast

from shared.context import Context
from shared.errors import ForbiddenError, NotFoundError

from .request import ChatInput

_HISTORY: Final = 12
_LONGEST_MESSAGE: Final = 4_000
_LONGEST_HISTORY: Final = 24_000
_CHARACTER: Final = (
    "id, name, description, traits, persona, background, speaking_style, goals, quirks,"
    " relationships, voice_tone, mood, appearance_tags, updated_at"
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its last messages, character, the user's own one, and project."""

    id: str
    user_id: str
    kind: str
    history: list[dict[str, str]]
    character: Row | None
    user_character: Row | None
    project: Row | None


async def load_conversation(ctx: Context, body: ChatInput) -> Conversation:
    """Load what is needed in parallel. Raises NotFoundError for what is not the caller's."""
    if ctx.user_id is None:
        raise ForbiddenError("A chat is a signed-in user's.", code="USER_REQUIRED")
    row = await _fetch_conversation(ctx, str(body.conversation_id))
    character_id = str(body.character_id) if body.character_id else row["character_id"]
    project_id = str(body.project_id) if body.project_id else row["project_id"]
    history, character, user_character, project = await asyncio.gather(
        _fetch_history(ctx, row["id"]),
        _fetch(ctx, "characters", _CHARACTER, character_id),
        _fetch(ctx, "characters", _CHARACTER, row["user_character_id"]),
        _fetch(ctx, "projects", "id, title, description", project_id),
    )
    if body.character_id and character is None:
        raise NotFoundError("Character not found", code="CHARACTER_NOT_FOUND")
    if body.project_id and project is None:
        raise NotFoundError("Project not found", code="PROJECT_NOT_FOUND")
    return Conversation(
        row["id"],
        ctx.user_id,
        row["conversation_type"],
        history,
        character,
        user_character,
        project,
    )


async def _fetch_conversation(ctx: Context, conversation_id: str) -> Row:
    columns = "id, conversation_type, character_id, user_character_id, project_id"
    query = ctx.caller.table("conversations").select(columns).eq("id", conversation_id)
    rows = cast("list[Row]", (await query.eq("user_id", ctx.user_id or "").execute()).data)
    if not rows:
        raise NotFoundError("Conversation not found", code="CONVERSATION_NOT_FOUND")
    return rows[0]


async def _fetch_history(ctx: Context, conversation_id: str) -> list[dict[str, str]]:
    """Return the last messages in order, as far as they are not too long together."""
    query = ctx.caller.table("messages").select("sender, content")
    query = query.eq("conversation_id", conversation_id).order("created_at", desc=True)
    rows = cast("list[Row]", (await query.limit(_HISTORY).execute()).data)
    history: list[dict[str, str]] = []
    room = _LONGEST_HISTORY
    for row in rows:
        content = row["content"][:_LONGEST_MESSAGE]
        room -= len(content)
        if room < 0:
            break
        history.append({"role": row["sender"], "content": content})
    return history[::-1]


async def _fetch(ctx: Context, table: str, columns: str, row_id: str | None) -> Row | None:
    if row_id is None:
        return None
    query = ctx.caller.table(table).select(columns).eq("id", row_id)
    rows = cast("list[Row]", (await query.execute()).data)
    return rows[0] if rows else None
