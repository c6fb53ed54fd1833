import pytest

from functions.playground_chat.cleaning import clean_roleplay
from functions.playground_chat.conversation import Conversation
from functions.playground_chat.prompt import choose_context, fill


def conversation(kind: str = "general", character: dict[str, str] | None = None) -> Conversation:
    return Conversation("c", "u", kind, [], character, None, None)


def test_values_are_put_in_once_and_empty_lines_left_out() -> None:
    template = "You are {{name}}. {{card}}\nMood: {{mood}}\nGoals: {{goals}}\nPlay{{others}}.\nEnd"

    filled = fill(template, {"name": "Ann", "card": "Says {{mood}}.", "mood": "", "goals": "win"})

    assert filled == "You are Ann. Says {{mood}}.\nGoals: win\nPlay.\nEnd"


@pytest.mark.parametrize(
    ("kind", "has_character", "message", "is_admin", "expected"),
    [
        ("general", False, "Hello", False, "general"),
        ("creative", False, "Ideas?", False, "creative"),
        ("admin", False, "Why?", False, "general"),
        ("admin", False, "Why?", True, "admin"),
        ("unheard_of", False, "Hello", False, "general"),
        ("character_roleplay", False, "Hello", False, "general"),
        ("roleplay", False, "Hello", False, "roleplay"),
        ("general", True, "Hello", False, "character_roleplay"),
        ("general", True, "Convert this to a prompt", False, "character_roleplay"),
        ("general", False, "Convert this to a prompt", False, "sdxl_conversion"),
        ("general", False, "a prompt answer, please", False, "general"),
        ("general", False, "for SDXL", False, "sdxl_conversion"),
        ("general", True, "Describe the scene", False, "scene_narrative_generation"),
        ("general", False, "behind the scenes", False, "general"),
    ],
)  # fmt: skip
def test_the_context_follows_character_type_and_words(
    kind: str, has_character: bool, message: str, is_admin: bool, expected: str
) -> None:
    chat = conversation(kind, {"name": "Ann"} if has_character else None)

    assert choose_context(chat, message, is_admin=is_admin) == expected


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Ann: Hello there.", "Hello there."),
        ("**Ann**: Hello.\nUser: Hi!\nCome in.", "Hello.\nCome in."),
        ("Hello 😀 friend 🎉", "Hello friend"),
        ("Annabel: not me.", "Annabel: not me."),
        ("Bob: I say nothing.\nYes.", "Yes."),
        ("You: only that", "You: only that"),
    ],
)
def test_an_answer_as_a_character_is_cleaned(text: str, cleaned: str) -> None:
    assert clean_roleplay(text, "Ann", "Bob") == cleaned
