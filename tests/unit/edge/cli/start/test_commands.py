"""`edge status`: details of a running stack in each output format."""

import json
import subprocess
from pathlib import Path

import pytest

from edge.project.lock import Lock
from edge.project.settings import load_settings
from tests.support.cli_command import Edge


@pytest.fixture
def running(lock: Lock, project: Path) -> dict[str, str]:
    settings = load_settings(project, port=54399, environ={})
    lock.write({**settings.describe(), "PID": "1"})
    return settings.describe()


def test_env_can_be_evaluated_by_a_shell(edge: Edge, running: dict[str, str]) -> None:
    shown = edge("status", "-o", "env").out

    printed = subprocess.run(
        ["sh", "-c", f'{shown}\nprintf %s "$API_URL $ANON_KEY"'], capture_output=True, text=True
    ).stdout
    assert printed == f"{running['API_URL']} {running['ANON_KEY']}"
    assert f'API_URL="{running["API_URL"]}"' in shown


def test_the_functions_own_names_are_those_of_their_environment(
    edge: Edge, running: dict[str, str], project: Path
) -> None:
    named = json.loads(edge("status", "-o", "json", "--function-names").out)

    environment = load_settings(project, port=54399, environ={}).platform_variables()
    assert named == environment


def test_key_sets_survive_the_shell(edge: Edge, running: dict[str, str]) -> None:
    shown = edge("status", "-o", "env", "--function-names").out

    printed = subprocess.run(
        ["sh", "-c", f'{shown}\nprintf %s "$SUPABASE_SECRET_KEYS"'], capture_output=True, text=True
    ).stdout
    assert json.loads(printed) == {"default": running["SECRET_KEY"]}


def test_pretty_output_has_one_value_a_line(edge: Edge, running: dict[str, str]) -> None:
    lines = edge("status").out.splitlines()

    assert [line.split(": ", 1)[1] for line in lines] == [*running.values(), "1"]


@pytest.mark.parametrize("command", ["status", "db psql", "db migrate", "functions invoke report"])
def test_without_a_stack_it_says_how_to_start_one(edge: Edge, project: Path, command: str) -> None:
    done = edge(*command.split())

    assert (done.status, done.err) == (
        2,
        "✗ The stack of this project does not run.\n  edge start\n",
    )


def test_a_stack_that_is_still_starting_is_not_yet_there(
    edge: Edge, lock: Lock, project: Path
) -> None:
    done = edge("status")

    assert (done.status, "still starting" in done.err) == (2, True)


def test_psql_without_a_local_database_is_an_error(edge: Edge, lock: Lock, project: Path) -> None:
    lock.write({"PID": "1", "API_URL": "http://127.0.0.1:9"})

    done = edge("db", "psql")

    assert (done.status, "without a local database" in done.err) == (2, True)


def test_stop_without_a_stack_succeeds(edge: Edge, project: Path) -> None:
    done = edge("stop")

    assert (done.status, done.err) == (0, "Nothing was running.\n")
