"""Limits and identity of a transcript, and how it is sent to the database."""

import pytest

from functions.process_transcript.chunking import Chunk
from functions.process_transcript.storage import Stored, Transcript
from functions.process_transcript.transcript import (
    MAX_CHARACTERS,
    MAX_CHUNKS,
    check_chunks,
    check_length,
    content_hash,
)
from shared.errors import TooLargeError
from shared.llm.embeddings import Embeddings, render_vector
from shared.llm.env import read_openai_env


def test_the_limits_are_named_when_passed() -> None:
    check_length("a" * MAX_CHARACTERS)
    check_chunks(range(MAX_CHUNKS))

    with pytest.raises(TooLargeError, match="1,000,000 characters"):
        check_length("a" * (MAX_CHARACTERS + 1))
    with pytest.raises(TooLargeError, match="1,000 chunks"):
        check_chunks(range(MAX_CHUNKS + 1))


def test_text_model_and_provider_make_the_hash() -> None:
    def digest(text: str = "a", **values: str) -> str:
        return content_hash(text, read_openai_env(values))

    assert digest() == digest(OPENAI_API_KEY="another")
    changed = [
        digest("b"),
        digest(OPENAI_EMBEDDING_MODEL="n"),
        digest(OPENAI_BASE_URL="http://127.0.0.1:54321/providers/openai/v1"),
        digest(OPENAI_BASE_URL="https://models.example.com/v1"),
    ]
    assert len({digest(), *changed}) == 5


def test_a_vector_is_written_as_pgvector_reads_it() -> None:
    assert render_vector([0.5, -1.0, 1e-9, 0.123456789]) == "[0.5,-1,1e-09,0.1234568]"


def test_the_result_says_what_is_stored() -> None:
    embeddings = Embeddings(((0.5,),), "local-hash", "local", 7)
    transcript = Transcript("Hi.", "h", [Chunk(0, "Hi.", 0, 3)], embeddings)

    assert Stored("v", "t", transcript.metadata, reused=False).render() == {
        "video_uuid": "v",
        "transcript_id": "t",
        "embedding_model": "local-hash",
        "token_count": 7,
        "chunk_count": 1,
        "reused": False,
    }
