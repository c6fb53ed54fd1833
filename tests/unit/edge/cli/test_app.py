"""The command line as a whole: import time, help, completion."""

import importlib
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest
import typer

from edge.cli.built_in import BUILT_IN, import_command
from edge.cli.quick import SERVERS, find_server
from tests.support.cli_command import Edge
from tests.support.paths import ROOT


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    command = import_command(name)
    text = command.info.help if isinstance(command, typer.Typer) else command.__doc__

    assert BUILT_IN[name][1] == " ".join(text.split("\n\n")[0].split())


@pytest.mark.parametrize("given", ["rest", "auth --port 3000", "rest --host=0.0.0.0 --port=0"])
def test_servers_start_without_the_library_of_the_command_line(given: str) -> None:
    assert find_server(given.split())


@pytest.mark.parametrize(
    "given",
    [
        *("", "start", "rest --help", "rest --port", "rest --port x", "rest --data x", "rest more"),
        *("rest --port 65536", "auth --port=99999", "rest --port -1"),
    ],
)
def test_the_command_reads_what_is_not_as_expected(given: str) -> None:
    assert find_server(given.split()) is None


@pytest.mark.parametrize("name", SERVERS)
def test_servers_have_the_options_and_defaults_of_their_command(name: str) -> None:
    module, readers = SERVERS[name]
    command = signature(import_command(name)).parameters
    server = signature(importlib.import_module(module).serve).parameters

    assert {option.removeprefix("--") for option in readers} == set(command)
    assert {each: server[each].default for each in command} == {
        each: parameter.default for each, parameter in command.items()
    }


@pytest.mark.parametrize("given", ["rest --port many", "rest --port 65536", "auth --port 65536"])
def test_a_wrong_option_of_a_server_is_refused_as_that_of_any_command(
    edge: Edge, given: str
) -> None:
    refused = edge(*given.split())

    assert (refused.status, "Invalid value for '--port'" in refused.err) == (2, True)


def test_a_misspelled_command_is_corrected(edge: Edge) -> None:
    refused = edge("strat")

    assert (refused.status, "start" in refused.err) == (2, True)


@pytest.mark.parametrize(
    "command", ["init", "start", "stop", "status", "logs", "functions", "secrets", "db"]
)
def test_help_names_every_command_and_the_exit_codes(edge: Edge, command: str) -> None:
    shown = edge("--help")

    assert shown.status == 0
    assert command in shown.out
    assert "130 Ctrl-C" in " ".join(shown.out.split())


def test_without_a_command_it_shows_help_and_fails(edge: Edge) -> None:
    shown = edge()

    assert (shown.status, "Commands" in shown.out + shown.err) == (2, True)


def test_the_shell_completes_function_names(project: Path) -> None:
    completed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv[0] = 'edge'; from edge.cli import main; main()",
        ],
        env={
            "_EDGE_COMPLETE": "complete_bash",
            "COMP_WORDS": "edge functions invoke se",
            "COMP_CWORD": "3",
            "PYTHONPATH": str(ROOT),
        },
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert completed.stdout.split() == ["send-invite"]
