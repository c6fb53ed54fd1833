from pathlib import Path
from tomllib import loads

import pytest

from shared.prompts.content import detect_content_mode

CASES = loads(Path(__file__).with_name("content_cases.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("prompt", CASES["sfw"])
def test_harmless_words_are_safe(prompt: str) -> None:
    assert detect_content_mode(prompt) == "sfw"


@pytest.mark.parametrize("prompt", CASES["nsfw"])
def test_words_for_adults_are_found(prompt: str) -> None:
    assert detect_content_mode(prompt) == "nsfw"


@pytest.mark.parametrize("prompt", ["a" * 100_000, "a." * 50_000, "1a" * 50_000, "裸足" * 50_000])
def test_a_long_prompt_is_read(prompt: str) -> None:
    assert detect_content_mode(prompt) == "sfw"
