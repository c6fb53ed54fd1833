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


def test_the_limits_are_named_when_passed() -> None:
    check_length("a" * MAX_CHARACTERS)
    check_chunks(range(MAX_CHUNKS))

    with pytest.raises(TooLargeError, match="1,000,000 characters"):
        check_length("a" * (MAX_CHARACTERS + 1))
    with pytest.raises(TooLargeError, match="1,000 chunks"):
        check_chunks(range(MAX_CHUNKS + 1))


def test_text_and_embedding_model_make_the_hash() -> None:
    assert content_hash("a", "m") == content_hash("a", "m")
    assert len({content_hash("a", "m"), content_hash("b", "m"), content_hash("a", "n")}) == 3


def test_a_vector_is_written_as_pgvector_reads_it() -> None:
    assert render_vector([0.5, -1.0, 1e-9, 0.123456789]) == "[0.5,-1,1e-09,0.1234568]"


def test_the_result_says_what_is_stored() -> None:
    embeddings = Embeddings(((0.5,),), "local-hash", 7)
    transcript = Transcript("Hi.", "h", [Chunk(0, "Hi.", 0, 3)], embeddings)

    assert Stored("v", "t", transcript.metadata, reused=False).render() == {
        "video_uuid": "v",
        "transcript_id": "t",
        "embedding_model": "local-hash",
        "token_count": 7,
        "chunk_count": 1,
        "reused": False,
    }
