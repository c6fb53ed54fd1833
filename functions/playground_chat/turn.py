"""One turn of a chat: what it was asked, what was answered, and how both are stored and shown."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from shared.context import Context
from shared.prompts.cache import Cached
from shared.prompts.content import detect_content_mode

from .cleaning import clean_roleplay
from .conversation import Conversation
from .prompt import SystemPrompt
from .reply import Piece
from .request import ChatInput


@dataclass(slots=True)
class Turn:
    """A turn in progress; `pieces` grows as the model answers."""

    body: ChatInput
    conversation: Conversation
    prompt: SystemPrompt
    cached: Cached | None
    pieces: list[Piece] = field(default_factory=list[Piece])
    began: float = field(default_factory=time.perf_counter)

    @property
    def text(self) -> str:
        """The answer so far, as it is stored."""
        text = "".join(piece.text for piece in self.pieces).strip()
        character = self.conversation.character
        if character is None or self.prompt.context_type != "character_roleplay":
            return text
        own = self.conversation.user_character
        return clean_roleplay(text, character["name"], own["name"] if own else None)

    async def save(self, ctx: Context) -> dict[str, Any]:
        """Store the message and the answer; return their ids."""
        arguments = {
            "owner_id": self.conversation.user_id,
            "conversation": self.conversation.id,
            "said": self.body.message,
            "answered": self.text,
            "metadata": {
                "model": self._last.model,
                "origin": self._last.origin,
                "context_type": self.prompt.context_type,
                "character_id": self._character.get("id"),
            },
        }
        answer = await ctx.admin.rpc("save_chat_turn_v1", arguments).execute()
        return cast("dict[str, Any]", answer.data)

    def render(self, ids: dict[str, Any]) -> dict[str, Any]:
        """Render the response."""
        template = self.prompt.template
        return {
            "success": True,
            "response": self.text,
            "conversation_id": self.conversation.id,
            **ids,
            "generation_time": round(time.perf_counter() - self.began, 3),
            "context_type": self.prompt.context_type,
            "content_tier": "sfw",
            "nsfw_enforce": False,
            "model_used": self._last.model,
            "model_origin": self._last.origin,
            "template_meta": {
                "origin": self.cached.source if self.cached and template else "fallback",
                "context_type": self.prompt.context_type,
                "content_tier": "sfw",
                "template_key": template.name if template else None,
                "cache_refreshed_at": self._refreshed_at(),
                "character_id": self._character.get("id"),
                "character_name": self._character.get("name"),
            },
            "enforcement_diagnostics": {
                "persona": bool(self._character),
                "nsfw_qa": detect_content_mode(self.text),
                "format": _format(self.pieces, self.text),
            },
        }

    def _refreshed_at(self) -> str | None:
        return self.cached.snapshot.metadata.get("lastUpdated") if self.cached else None

    @property
    def _character(self) -> dict[str, Any]:
        return self.conversation.character or {}

    @property
    def _last(self) -> Piece:
        return self.pieces[-1]


def _format(pieces: Sequence[Piece], text: str) -> str:
    """Return whether the model's text was changed."""
    return "as_written" if "".join(piece.text for piece in pieces).strip() == text else "cleaned"
