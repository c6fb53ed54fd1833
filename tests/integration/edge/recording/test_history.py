"""The history outlives the stack, and what happens before Postgres is there is recorded too."""

from pathlib import Path

import pytest

from tests.support.recorded_stack import create_recorded_project, running_stack

pytestmark = [pytest.mark.process]


def test_history_survives_a_restart(in_memory: Path) -> None:
    folder = in_memory / "history"
    folder.mkdir()
    create_recorded_project(folder)
    with running_stack(folder) as first:
        answer = first.call("echo", content=b"before")
        first_token = first.stack.console.token

    with running_stack(folder) as second:
        found = second.show(answer.headers["sb-request-id"])

        assert found["response"]["body"] == "before"
        assert second.stack.console.token != first_token
