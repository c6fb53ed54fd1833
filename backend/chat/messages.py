"""Messages of the chat protocol: what clients send, and the output that a run updates in place."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, islice
from typing import Annotated, Any, Final, cast
from uuid import uuid4

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    field_validator,
    model_validator,
)

TERMINAL: Final = frozenset({"success", "error", "not_generated", "overlimit", "sessionlimit"})
LONGEST_TEXT: Final = 200 << 10
"""Characters of one content item."""
_MOST_ITEMS: Final = 50
_LONGEST_MESSAGE: Final = 400_000
MOST_VALUES: Final = 10_000
"""Of a message, at any depth."""
_UNSTORABLE: Final = re.compile("[\ud800-\udfff]")

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Reference = Annotated[str, StringConstraints(max_length=256)]


class UnreadMessage(dict[str, Any]):
    """The ids of a message that was not parsed, since it has too many values."""


class Message(BaseModel):
    """Input of a client; unknown keys are kept. Missing ids are generated."""

    model_config = ConfigDict(extra="allow")

    session_id: Id = Field(default_factory=lambda: str(uuid4()))
    conv_id: Id = Field(default_factory=lambda: new_id())
    msg_id: Id = Field(default_factory=lambda: new_id())
    agents: list[Annotated[str, StringConstraints(max_length=64)]] = Field(
        default_factory=list[str], max_length=10
    )
    content: list[dict[str, JsonValue]] = Field(min_length=1, max_length=_MOST_ITEMS)
    collection_id: Reference | None = None
    video_id: Reference | None = None
    is_retry: bool = False
    metadata: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])

    @field_validator("session_id", "conv_id", "msg_id", mode="before")
    @classmethod
    def _read_number(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="before")
    @classmethod
    def _bound(cls, given: Any) -> Any:
        """Refuse what is too large as a whole; replace characters that Postgres cannot store."""
        if not isinstance(given, dict):
            return given
        found = cast("dict[str, Any]", given)
        if isinstance(found, UnreadMessage) or not _has_at_most(MOST_VALUES, found):
            raise ValueError(f"it has more than {MOST_VALUES:,} values; upload it")
        text = json.dumps(found, ensure_ascii=False, default=str, allow_nan=False)
        if len(text) > _LONGEST_MESSAGE:
            raise ValueError(f"it has more than {_LONGEST_MESSAGE:,} characters; upload it")
        return json.loads(_UNSTORABLE.sub("\ufffd", text).replace("\\u0000", "\ufffd"))

    @field_validator("agents", mode="before")
    @classmethod
    def _read_nothing(cls, value: Any) -> Any:
        return [] if value is None else value

    @field_validator("content")
    @classmethod
    def _check_texts(cls, items: list[dict[str, JsonValue]]) -> list[dict[str, JsonValue]]:
        for item in items:
            text = item.get("text")
            if item.get("type") == "text" and not isinstance(text, str):
                raise ValueError("an item of type text needs text")
            if isinstance(text, str) and len(text) > LONGEST_TEXT:
                raise ValueError(f"a text is longer than {LONGEST_TEXT:,} characters; upload it")
        return items

    @property
    def text(self) -> str:
        """The texts of the message, one a line."""
        return "\n".join(str(i["text"]) for i in self.content if isinstance(i.get("text"), str))

    def render(self) -> dict[str, Any]:
        """Return the message as it is stored and read back by clients."""
        return {**self.model_dump(mode="json"), "msg_type": "input", "sender": "user"}


def _has_at_most(most: int, value: Any) -> bool:
    """Whether an object holds at most so many values, at any depth; stops counting beyond."""
    waiting = [value]
    for _ in range(most + 1):
        if not waiting:
            return True
        found = waiting.pop()
        if isinstance(found, dict):
            waiting.extend(islice(cast("dict[str, Any]", found).values(), most + 1))
        elif isinstance(found, list):
            waiting.extend(islice(cast("list[Any]", found), most + 1))
        if len(waiting) > most:
            return False
    return False


_sequence = count()


def new_id() -> str:
    """Return an id that is unique and sorts by time."""
    return f"{time.time_ns() // 1_000_000}{next(_sequence) % 100_000:05d}"


@dataclass(slots=True)
class Output:
    """Output message of a run. `actions` are the steps so far.

    `extra` are keys beside content, `fields` those of the text item beside its text.
    """

    session_id: str
    conv_id: str
    msg_id: str
    agent: str = "assistant"
    status: str = "progress"
    actions: list[str] = field(default_factory=list[str])
    text: str = ""
    items: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
    fields: dict[str, Any] = field(default_factory=dict[str, Any])
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])

    def step(self, action: str) -> None:
        """Add a step; the same step again changes nothing."""
        if not self.actions or self.actions[-1] != action:
            self.actions.append(action)

    def end(self, status: str, note: str = "") -> None:
        """Set the terminal status and the note above the answer."""
        self.status = status
        if note:
            self.step(note)

    def fail(self, text: str, error_type: str, request_id: str = "") -> None:
        """End with an error that the client shows; `text` must hold nothing internal."""
        self.status = "error"
        self.text = text
        self.items.clear()
        self.extra["message"] = text
        self.metadata["error_type"] = error_type
        if request_id:
            self.metadata["request_id"] = request_id

    def render(self) -> dict[str, Any]:
        """Return the message as it is stored and sent."""
        note = self.actions[-1] if self.actions else ""
        text = {
            **self.fields,
            "type": "text",
            "status": self.status,
            "status_message": note if self.status == "progress" else self.status.capitalize(),
            "agent_name": self.agent,
            "text": self.text,
        }
        others = [{"status": self.status, "agent_name": self.agent, **item} for item in self.items]
        return {
            **self.extra,
            "session_id": self.session_id,
            "conv_id": self.conv_id,
            "msg_id": self.msg_id,
            "msg_type": "output",
            "sender": "assistant",
            "status": self.status,
            "agents": [self.agent],
            "actions": list(self.actions),
            "content": [text, *others],
            "metadata": {**self.metadata, "timestamp": datetime.now(UTC).isoformat()},
        }


def refusal(given: Mapping[str, Any], text: str, error_type: str) -> dict[str, Any] | None:
    """Return the output for a message that cannot be run; None without session or conv_id.

    Its status is `error`, or the error's type where that is a status.
    """
    session_id, conv_id = (_read_id(given.get(name)) for name in ("session_id", "conv_id"))
    if not (session_id and conv_id):
        return None
    output = Output(session_id, conv_id, new_id())
    output.fail(text, error_type)
    if error_type in TERMINAL:
        output.status = error_type
    return output.render()


def _read_id(value: Any) -> str:
    """Return an id, "" for what is none; some clients send numbers."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if len(text) <= 64 else ""
