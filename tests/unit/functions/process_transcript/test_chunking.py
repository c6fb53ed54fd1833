"""Chunks cover the transcript, overlap, and keep within a thousand tokens."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from semantic_text_splitter import TextSplitter

from functions.process_transcript.chunking import MAX_TOKENS, Chunk, split_transcript

WHOLE = TextSplitter.from_tiktoken_model("text-embedding-3-small", MAX_TOKENS, trim=False)
HUNDRED = TextSplitter.from_tiktoken_model("text-embedding-3-small", 100, trim=False)

words = st.sampled_from(
    ["so", "price", "Ω", "réunion", "hm…", "why?", "ok.", "👨‍👩‍👧", "销售", "x" * 40]
)
turns = st.builds(
    lambda name, said, end: f"{name}{' '.join(said)}{end}",
    st.sampled_from(["Ann: ", "Bob (00:12): ", "", "- "]),
    st.lists(words, max_size=120),
    st.sampled_from(["\n", ".\n", " ", "\r\n\r\n", ". "]),
)
transcripts = st.one_of(st.text(min_size=1), st.lists(turns, min_size=1, max_size=60).map("".join))


def check(text: str, chunks: list[Chunk]) -> None:
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert chunks[0].char_start == 0
    assert chunks[-1].char_end == len(text)
    for chunk in chunks:
        assert chunk.text == text[chunk.char_start : chunk.char_end]
        assert len(WHOLE.chunks(chunk.text)) == 1, "more than 1000 tokens"
    for before, after in pairwise(chunks):
        assert before.char_start < after.char_start < before.char_end < after.char_end
        shared = text[after.char_start : before.char_end]
        assert len(HUNDRED.chunks(shared)) == 1, "more than 100 tokens shared"


@settings(max_examples=60, deadline=None)
@given(transcripts.filter(bool))
def test_no_text_is_lost(text: str) -> None:
    check(text, split_transcript(text))


def speech(seed: int, sentences: int, end: str) -> str:
    chance = random.Random(seed)
    vocabulary = ["we", "need", "the", "integration", "budget", "quarter", "today", "customers"]
    said = (" ".join(chance.choices(vocabulary, k=chance.randint(3, 25))) for _ in range(sentences))
    return "".join(f"{sentence.capitalize()}{end}" for sentence in said)


@pytest.mark.parametrize("end", [". ", "?\n", " "])
def test_a_long_conversation_is_covered(end: str) -> None:
    text = speech(seed=1, sentences=3_000, end=end)

    chunks = split_transcript(text)

    assert len(chunks) > 40
    check(text, chunks)


def test_chunks_begin_and_end_at_sentences() -> None:
    text = speech(seed=2, sentences=600, end=". ")

    chunks = split_transcript(text)

    assert all(chunk.text.endswith(". ") for chunk in chunks)
    assert all(chunk.text[0].isupper() for chunk in chunks)


def test_a_short_text_is_one_chunk() -> None:
    assert split_transcript("Hi.") == [Chunk(0, "Hi.", 0, 3)]


def test_text_without_any_border_is_split_too() -> None:
    text = "a" * 60_000

    check(text, split_transcript(text))


def test_the_same_text_gives_the_same_chunks() -> None:
    text = speech(seed=3, sentences=400, end=". ")

    assert split_transcript(text) == split_transcript(text)
