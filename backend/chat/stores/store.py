"""Store of sessions, messages and runs: what both databases provide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from backend.chat.messages import Message

MOST_MESSAGES: Final = 500
"""Input messages of one session."""
MOST_BYTES: Final = 16 << 20
"""Size of the messages of one session."""
LEASE_SECONDS: Final = 15
"""A run whose instance does not renew it for so long is taken by another one."""


class SessionNotFoundError(Exception):
    """The session is another user's."""


class SessionFullError(Exception):
    """The session has MOST_MESSAGES or MOST_BYTES."""


class StoreError(Exception):
    """The database cannot be reached or refused the statement; the cause is chained."""


@dataclass(frozen=True, slots=True)
class Run:
    """The work for one input message; `stages` are the results that it has already."""

    message: Message
    output_id: str
    owner: str | None
    stages: dict[str, Any]
    attempts: int


class Store(Protocol):
    """Sessions of users; `owner` is a user's id, None for those without sign-in.

    Every method raises StoreError.
    """

    async def open(self) -> None:
        """Connect; waits a while for a database that is starting."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...

    async def check(self) -> bool:
        """Return whether the database answers."""
        ...

    async def begin(
        self, message: Message, output_id: str, owner: str | None
    ) -> dict[str, Any] | None:
        """Store an input and its run, and the session if it is new.

        Returns None, or the newest output if the message was stored before; {} if there is none
        yet. Raises SessionNotFoundError, SessionFullError.
        """
        ...

    async def claim(self, worker: str) -> Run | None:
        """Lease the oldest run that waits or was abandoned, one at a time for each session."""
        ...

    async def renew(self, worker: str, runs: Sequence[Run]) -> None:
        """Extend the leases of these runs, as far as the worker still holds them."""
        ...

    async def release(self, worker: str) -> None:
        """Return the worker's runs, for others to take at once."""
        ...

    async def record_stage(self, run: Run, stage: str, result: Mapping[str, Any]) -> None:
        """Store the result of a stage."""
        ...

    async def finish(self, run: Run) -> None:
        """End the run; its output has a terminal status."""
        ...

    async def save_output(self, message: Mapping[str, Any]) -> bool:
        """Insert or replace an output by its id.

        False if the session is gone or the stored one has a terminal status already.
        """
        ...

    async def fetch_output(self, session_id: str, msg_id: str) -> dict[str, Any] | None:
        """Return an output by its id; None if it is not there."""
        ...

    async def list_changed(
        self, session_ids: Sequence[str], seconds: float
    ) -> Sequence[tuple[str, str]]:
        """Return session and message of each output that changed in the last seconds, in order."""
        ...

    async def list_sessions(self, owner: str | None) -> list[dict[str, Any]]:
        """Return up to 500 sessions, newest first."""
        ...

    async def fetch_session(self, session_id: str, owner: str | None) -> dict[str, Any] | None:
        """Return the session with `conversation`, its messages in order; None if another's."""
        ...

    async def is_owner(self, session_id: str, owner: str | None) -> bool:
        """Return whether the session is there and the owner's."""
        ...

    async def delete_session(self, session_id: str, owner: str | None) -> bool:
        """Delete it with messages, context and runs; False if it is not the owner's."""
        ...

    async def fetch_outputs(
        self, session_id: str, owner: str | None, *, conv_id: str | None = None, since: float = 0
    ) -> Sequence[dict[str, Any]]:
        """Return the newest 50 outputs that changed after `since` (epoch seconds), in order."""
        ...

    async def save_context(self, session_id: str, context: Mapping[str, Any]) -> None:
        """Replace what agents remember of a session."""
        ...

    async def fetch_context(self, session_id: str) -> dict[str, Any]:
        """Return what agents remember of a session; {} if nothing."""
        ...


def title_of(message: Message) -> str:
    """Return a session's title: the first line of its first message, up to 80 characters."""
    line = next((line.strip() for line in message.text.splitlines() if line.strip()), "")
    return line if len(line) <= 80 else f"{line[:79]}…"


def render_session(
    session_id: str,
    video_id: str | None,
    collection_id: str | None,
    times: tuple[float, float],
    metadata: Mapping[str, Any],
) -> dict[str, Any]:
    """Return a session as clients read it; `times` are created and updated, in epoch seconds."""
    return {
        "session_id": session_id,
        "video_id": video_id,
        "collection_id": collection_id,
        "created_at": times[0],
        "updated_at": times[1],
        "metadata": dict(metadata),
    }
