from hypothesis import given
from hypothesis import strategies as st

from shared.prompts.rules import enhance_by_rules, modify_prompt
from shared.prompts.tokens import count_tokens


def test_what_is_left_open_is_added() -> None:
    enhanced = enhance_by_rules("a fox in a forest", "sdxl", 75)

    assert enhanced.startswith("a fox in a forest, light falling through leaves, ")
    assert "sharp focus" in enhanced


def test_what_the_prompt_says_is_not_said_again() -> None:
    enhanced = enhance_by_rules("oil painting of a ship, moonlight, wide view", "sdxl", 75)

    assert enhanced == (
        "oil painting of a ship, moonlight, wide view, fine detail, sharp focus, harmonious colors"
    )


def test_videos_get_movement() -> None:
    assert "slow steady camera pan" in enhance_by_rules("a boat on a lake", "wan", 100)


@given(st.text(max_size=80), st.sampled_from(["sdxl", "wan"]))
def test_the_prompt_stays_and_the_limit_holds(prompt: str, model: str) -> None:
    enhanced = enhance_by_rules(prompt, model, 75)

    assert enhanced.startswith(" ".join(prompt.split()).rstrip(" ,.;"))
    assert count_tokens(enhanced) <= max(75, count_tokens(prompt))


def test_a_modification_keeps_its_subject() -> None:
    assert modify_prompt(" blue hat ") == "maintain the same subject; blue hat"
    assert modify_prompt(" ") == "maintain the same subject"
