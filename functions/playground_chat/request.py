"""The body of playground-chat."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from shared.http.body import Input
from shared.prompts.content import ContentMode

_LENGTHS: Final = {"short": 0.4, "medium": 1.0, "long": 1.6}
_STYLES: Final = {
    "casual": "Answer casually, in everyday words.",
    "detailed": "Answer in detail: senses, gestures and surroundings.",
    "immersive": "Stay wholly within the scene: no remarks from outside it.",
}
_LENGTH_WORDS: Final = {
    "short": "Answer in one or two sentences.",
    "medium": "Answer in one paragraph.",
    "long": "Answer in two to four paragraphs.",
}

Style = Literal["casual", "detailed", "immersive"]
Length = Literal["short", "medium", "long"]
ShortText = Annotated[str, StringConstraints(max_length=200)]
LongText = Annotated[str, StringConstraints(max_length=2000)]


class RoleplaySettings(Input):
    """How the character answers."""

    model_config = ConfigDict(extra="ignore")

    style: Style | None = Field(default=None, alias="responseStyle")
    length: Length | None = Field(default=None, alias="responseLength")

    def instructions(self) -> list[str]:
        style = [_STYLES[self.style]] if self.style else []
        return [*style, *([_LENGTH_WORDS[self.length]] if self.length else [])]

    def factor(self) -> float:
        return _LENGTHS[self.length or "medium"]


class Participant(Input):
    """Somebody else in the scene."""

    model_config = ConfigDict(extra="ignore")

    name: ShortText
    description: LongText = ""


class ChatInput(Input):
    """A message in a conversation of the caller's."""

    model_config = ConfigDict(extra="ignore")

    conversation_id: UUID
    message: str = Field(min_length=1, max_length=20_000, pattern=r"\S")
    project_id: UUID | None = None
    character_id: UUID | None = None
    content_tier: ContentMode | None = None
    roleplay_settings: RoleplaySettings | None = None
    participants: list[Participant] | None = Field(default=None, max_length=20)
    long_response: bool = False

    @property
    def settings(self) -> RoleplaySettings:
        return self.roleplay_settings or RoleplaySettings()

    @property
    def seconds(self) -> float:
        """How long a worker may take, unless CHAT_WORKER_TIMEOUT_SECONDS says."""
        return 90.0 if self.long_response else 45.0
