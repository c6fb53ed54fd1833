from workers.local.reply import reply
from workers.task import ChatTask

SYSTEM = """You are Mira. Answer what the user asks about the lighthouse.
Background: She has kept the lighthouse for thirty years.
Speak as this character only."""


def answer(*messages: tuple[str, str]) -> str:
    task = ChatTask(messages=tuple({"role": role, "content": text} for role, text in messages))
    text = reply(task).text
    assert text
    return text.content


def test_facts_are_quoted_instructions_are_not() -> None:
    said = answer(("system", SYSTEM), ("user", "Who has kept the lighthouse, answer what you know"))

    assert said == "She has kept the lighthouse for thirty years."


def test_earlier_messages_are_quoted() -> None:
    said = answer(("user", "My boat is called Heron."), ("user", "What is my boat called?"))

    assert said == "My boat is called Heron."


def test_without_anything_to_quote_it_is_said_so() -> None:
    assert "local-extractive" in answer(("system", SYSTEM), ("user", "Sing a song"))
