"""How long a transcript may be, and when two are the same."""

from collections.abc import Sized
from hashlib import sha256
from typing import Final

from shared.errors import TooLargeError
from shared.llm.embeddings import origin_of
from shared.llm.env import OpenAIEnv

MAX_CHARACTERS: Final = 1_000_000  # some seventeen hours of talk
MAX_CHUNKS: Final = 1_000
_SPLITTING: Final = "ten pieces of 99 tokens, one shared"


def content_hash(text: str, env: OpenAIEnv) -> str:
    """Hash what decides a transcript's chunks and vectors.

    The model's name is not enough: it is the same before and after a real key is set.
    """
    origin = origin_of(env.provider.base_url)
    parts = (_SPLITTING, origin, env.embedding_model, text)
    return sha256("\0".join(parts).encode()).hexdigest()


def check_length(text: str) -> None:
    """Refuse what could not be embedded within a request."""
    if len(text) > MAX_CHARACTERS:
        raise _too_long(f"{MAX_CHARACTERS:,} characters", f"{len(text):,}")


def check_chunks(chunks: Sized) -> None:
    """Limit the chunks: scripts with many tokens per character reach this limit first."""
    if len(chunks) > MAX_CHUNKS:
        raise _too_long(f"{MAX_CHUNKS:,} chunks of 1,000 tokens", f"{len(chunks):,}")


def _too_long(limit: str, found: str) -> TooLargeError:
    return TooLargeError(
        f"The transcript is too long: at most {limit}, this one has {found}.",
        code="TRANSCRIPT_TOO_LONG",
        metadata={"limit": limit},
    )
