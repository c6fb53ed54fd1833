"""The system prompt of a chat: which template, and what is put into it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shared.prompts.cache import Cached
from shared.prompts.template import Template, TemplateKey, find_template

from .conversation import Conversation
from .request import ChatInput

_ENHANCER: Final = "qwen_instruct"
_CONVERT: Final = re.compile(
    r"\bsdxl\b|\b(?:convert|turn|rewrite|optimi[sz]e)\b.{0,80}\bprompt\b", re.IGNORECASE | re.DOTALL
)
_SCENE: Final = re.compile(
    r"\[scene\]|\b(?:generate|create|describe|draw|picture)\b.{0,20}\bscene\b", re.IGNORECASE
)
_USE_CASES: Final[Mapping[str, tuple[str, ...]]] = {
    "general": ("chat_general",),
    "creative": ("chat_creative",),
    "admin": ("chat_admin",),
    "roleplay": ("fantasy_roleplay",),
    "fantasy_roleplay": ("fantasy_roleplay",),
    "character_roleplay": ("character_roleplay",),
    "scene_narrative_generation": ("scene_generation",),
    # Stored under one name and asked for by the other in older versions.
    "sdxl_conversion": ("sdxl_conversion", "chat_sdxl_conversion"),
}
_VARIABLE: Final = re.compile(r"\{\{\s*(\w{1,60})\s*\}\}")
_LABEL: Final = re.compile(r"[^:]{0,60}:\s*|\s*")
_LONGEST_VALUE: Final = 2_000
_FALLBACK: Final = (
    "You are a helpful assistant. Answer in the user's language; stay suitable for a workplace."
)


@dataclass(frozen=True, slots=True)
class SystemPrompt:
    """The text, and the template that it came from, if any."""

    text: str
    context_type: str
    template: Template | None

    @property
    def token_limit(self) -> int:
        return self.template.token_limit if self.template else 400


def choose_context(conversation: Conversation, message: str, *, is_admin: bool) -> str:
    """Return what the chat is: by its character, its type, or what the message asks for."""
    if _SCENE.search(message):
        return "scene_narrative_generation"
    if conversation.character is not None:
        return "character_roleplay"
    if _CONVERT.search(message):
        return "sdxl_conversion"
    kind = conversation.kind
    if kind == "admin" and not is_admin:
        return "general"
    return kind if kind in _USE_CASES and kind != "character_roleplay" else "general"


def build_system_prompt(
    cached: Cached | None, conversation: Conversation, body: ChatInput, context_type: str
) -> SystemPrompt:
    """Fill the template; without one a sentence that suits any chat. Only safe ones are used."""
    template = _find(cached, context_type)
    text = fill(template.system_prompt if template else _FALLBACK, _values(conversation, body))
    lines = [text, *_surroundings(conversation, body), *body.settings.instructions()]
    return SystemPrompt("\n".join(lines), context_type, template)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values for {{names}}, once: what stands in a value is not replaced again.

    A line that is only a label and empty values is left out.
    """
    lines: list[str] = []
    for line in template.splitlines():
        names = _VARIABLE.findall(line)
        is_empty = bool(names) and not any(values.get(name) for name in names)
        if not (is_empty and _LABEL.fullmatch(_VARIABLE.sub("", line))):
            lines.append(_VARIABLE.sub(lambda found: values.get(found[1], ""), line).rstrip())
    return "\n".join(lines)


def _find(cached: Cached | None, context_type: str) -> Template | None:
    if cached is None:
        return None
    keys = (TemplateKey(None, _ENHANCER, "chat", use, "sfw") for use in _USE_CASES[context_type])
    found = (find_template(cached.snapshot.templates, key) for key in keys)
    return next((template for template in found if template is not None), None)


def _values(conversation: Conversation, body: ChatInput) -> dict[str, str]:
    card = conversation.character or {}
    project = conversation.project or {}
    named = ", ".join(each.name for each in body.participants or ())
    values: dict[str, Any] = {
        "character_name": card.get("name"),
        "character_description": card.get("description"),
        "character_personality": card.get("traits"),
        "character_background": card.get("background"),
        "character_speaking_style": card.get("speaking_style"),
        "character_goals": card.get("goals"),
        "character_quirks": card.get("quirks"),
        "character_relationships": card.get("relationships"),
        "character_persona": card.get("persona"),
        "character_visual_description": ", ".join(card.get("appearance_tags") or ()),
        "voice_tone": card.get("voice_tone"),
        "mood": card.get("mood"),
        "scene_context": project.get("description") or project.get("title"),
        "participants": f" ({named})" if named else "",
    }
    return {name: str(value or "")[:_LONGEST_VALUE] for name, value in values.items()}


def _surroundings(conversation: Conversation, body: ChatInput) -> list[str]:
    lines: list[str] = []
    if conversation.project:
        title = str(conversation.project["title"])[:_LONGEST_VALUE]
        description = str(conversation.project["description"] or "")[:_LONGEST_VALUE]
        lines.append(f"Project: {title}. {description}".rstrip())
    if own := conversation.user_character:
        lines.append(f"The user plays {own['name']}. {own['description']}"[:_LONGEST_VALUE].strip())
    for each in body.participants or ():
        lines.append(f"Also present: {each.name}. {each.description}".strip())
    return lines
