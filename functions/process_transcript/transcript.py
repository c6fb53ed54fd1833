"""How long a transcript may be, and when two are the same."""

from collections.abc import Sized
from hashlib import sha256
from typing import Final

from shared.errors import TooLargeError

MAX_CHARACTERS: Final = 1_000_000  # some seventeen hours of talk
MAX_CHUNKS: Final = 1_000
_SPLITTING: Final = "ten pieces of 99 tokens, one shared"


def content_hash(text: str, embedding_model: str) -> str:
    """The same for two transcripts that would be stored with the same chunks and vectors."""
    return sha256("\0".join((_SPLITTING, embedding_model, text)).encode()).hexdigest()


def check_length(text: str) -> None:
    """Refuse what could not be embedded within a request."""
    if len(text) > MAX_CHARACTERS:
        raise _too_long(f"{MAX_CHARACTERS:,} characters", f"{len(text):,}")


def check_chunks(chunks: Sized) -> None:
    """Scripts with many tokens a character reach this limit before the other one."""
    if len(chunks) > MAX_CHUNKS:
        raise _too_long(f"{MAX_CHUNKS:,} chunks of 1,000 tokens", f"{len(chunks):,}")


def _too_long(limit: str, found: str) -> TooLargeError:
    return TooLargeError(
        f"The transcript is too long: at most {limit}, this one has {found}.",
        code="TRANSCRIPT_TOO_LONG",
        metadata={"limit": limit},
    )
