"""Plain text answers of the engine."""

from edge.emulator.providers.engine.answer import Task, answer_task
from tests.support.transcripts import DISCOVERY


def test_text_without_a_schema_is_labelled_and_extracted():
    answer = answer_task(Task((DISCOVERY,)))

    assert answer.startswith("Local extractive answer: ")
    assert answer.removeprefix("Local extractive answer: ").split(". ")[0] in DISCOVERY
    assert "no text" in answer_task(Task(("",)))
