"""The local inbox: every mail and text message that the service sends, newest last, in memory."""

import secrets
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

_MAX_MESSAGES: Final = 500
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def _new_id() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(22))


@dataclass(slots=True)
class Message:
    """A mail, or a text message (`to` is a phone number then, and there is no subject)."""

    to: str
    subject: str
    html: str
    text: str
    sender: str = "admin@email.com"
    sender_name: str = "Admin"
    id: str = field(default_factory=_new_id)
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    is_read: bool = False


class Mailbox:
    """At most 500 messages; the oldest is dropped for a new one."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque(maxlen=_MAX_MESSAGES)

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        """Iterate over the messages, newest first."""
        return reversed(self._messages)

    def add(self, message: Message) -> None:
        self._messages.append(message)

    def find(self, message_id: str) -> Message | None:
        """Return a message by its id; `latest` is the newest."""
        if message_id == "latest":
            return next(iter(self), None)
        return next((message for message in self if message.id == message_id), None)

    def search(self, to: str) -> list[Message]:
        """Return the messages to this address, newest first."""
        wanted = to.lower()
        return [message for message in self if wanted in message.to.lower()]

    def remove(self, message_ids: frozenset[str] | None = None) -> None:
        """Remove these messages, or all."""
        kept = [] if message_ids is None else [m for m in self if m.id not in message_ids]
        self._messages = deque(reversed(kept), maxlen=_MAX_MESSAGES)
