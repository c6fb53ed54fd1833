"""edge.toml: each entry that is wrong is left out and named with a cure; the others work."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from edge.project.extensions import CommandEntry, Extensions, ProcessEntry, read_extensions
from tests.support.paths import ROOT


def read(tmp_path: Path, text: str) -> Extensions:
    (tmp_path / "edge.toml").write_text(text)
    return read_extensions(tmp_path)


def test_a_project_without_the_file_adds_nothing(tmp_path: Path) -> None:
    assert read_extensions(tmp_path) == Extensions()


def test_every_kind_of_entry_is_read(tmp_path: Path) -> None:
    (tmp_path / "pages/board").mkdir(parents=True)

    found = read(
        tmp_path,
        """
        [commands.tidy]
        run = "tools.tidy:app"
        help = "Tidy up."
        [processes.chat]
        command = ["python", "-m", "chat"]
        port = 8090
        health = "/healthz"
        secrets = ["CHAT_KEY"]
        page = "/chats"
        [pages]
        board = "pages/board"
        [providers.retell]
        webhook = "/functions/v1/calls"
        [shell]
        variables = ["BUDGET"]
        """,
    )

    assert found == Extensions(
        commands={"tidy": CommandEntry("tidy", "tools.tidy:app", "Tidy up.")},
        processes=(
            ProcessEntry(
                "chat", ("python", "-m", "chat"), 8090, "/healthz", ("CHAT_KEY",), "/chats"
            ),
        ),
        pages={"board": tmp_path / "pages/board"},
        retell_webhook_path="/functions/v1/calls",
        shell_variables=("BUDGET",),
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x = [", "cannot be read"),
        ("[pocesses.a]\n", "no setting pocesses; did you mean processes?"),
        ("processes = 1\n", "processes must be a table"),
        ("[commands.a]\n", "commands.a.run must be a text"),
        ('[commands.A]\nrun = "a:b"\n', "lower-case letters"),
        ('[commands.a]\nrun = "a:"\n', "commands.a.run must be module:attribute"),
        ('[commands]\na = "a:b"\n', "commands.a must be a table with run, help"),
        ('[commands.a]\nrun = "a:b"\nhlp = ""\n', "commands.a: there is no setting hlp; did you"),
        ('[processes.a]\ncommand = "a b"\n', "processes.a.command must be a list of texts"),
        ("[processes.a]\ncommand = []\n", "processes.a.command must name a program"),
        ('[processes.a]\ncommand = ["a"]\nport = 0\n', "processes.a.port must be a number"),
        ('[processes.a]\ncommand = ["a"]\nport = true\n', "processes.a.port must be a number"),
        ('[processes.a]\ncommand = ["a"]\nhealth = "/"\n', "processes.a.health needs a port"),
        (
            '[processes.a]\ncommand = ["a"]\nport = 1\nhealth = "x"\n',
            "processes.a.health must be a path",
        ),
        ('[processes.a]\ncommand = ["a"]\npage = "x"\n', "processes.a.page must be a path"),
        ('[processes.a]\ncommand = ["a"]\npaths = ["/x"]\n', "processes.a.paths needs a port"),
        (
            '[processes.a]\ncommand = ["a"]\nport = 9\npaths = ["x/"]\n',
            "processes.a.paths must be paths",
        ),
        (
            '[processes.a]\ncommand = ["a"]\nport = 9\npaths = ["/rest/x"]\n',
            "/rest/x is a path of the stack",
        ),
        (
            '[processes.a]\ncommand = ["a"]\nport = 9\npaths = ["/x", "/x"]\n',
            "more than one has path /x",
        ),
        (
            '[processes.a]\ncommand = ["a"]\nsecrets = ["SUPABASE_URL"]\n',
            "processes.a.secrets: SUPABASE_URL cannot name a secret",
        ),
        (
            '[processes.a]\ncommand = ["a"]\nport = 9\n[processes.b]\ncommand = ["b"]\nport = 9\n',
            "more than one has port 9",
        ),
        ('[pages]\nboard = "nowhere"\n', "pages.board: there is no folder"),
        ("[providers.acme]\n", "providers.acme: the only emulated provider"),
        ('[providers.retell]\nwebhook = "x"\n', "providers.retell.webhook must be a path"),
        ("[shell]\nnames = []\n", "shell.names: the only setting is variables"),
    ],
)
def test_an_entry_that_is_wrong_is_named(tmp_path: Path, text: str, fault: str) -> None:
    (found,) = read(tmp_path, text).faults

    assert fault in found
    assert found.startswith(str(tmp_path / "edge.toml"))


def test_an_entry_that_is_wrong_leaves_the_others(tmp_path: Path) -> None:
    found = read(tmp_path, '[commands.a]\n[commands.b]\nrun = "b:b"\n')

    assert list(found.commands) == ["b"]
    assert len(found.faults) == 1


def test_this_project_s_own_file_is_sound() -> None:
    assert read_extensions(ROOT).faults == ()


def test_the_readmes_entries_are_those_of_edge_toml() -> None:
    chapter = (ROOT / "README.md").read_text().partition("## Add to the command and the stack")[2]
    shown = tomllib.loads(chapter.partition("```toml\n")[2].partition("```")[0])
    ours = tomllib.loads((ROOT / "edge.toml").read_text())

    assert set(shown) == {"commands", "processes", "pages", "console", "providers", "shell"}
    assert is_part(shown, ours)


def is_part(shown: Any, ours: Any) -> bool:
    """Return whether the tables, lists and values are among ours."""
    if isinstance(shown, dict):
        return all(name in ours and is_part(value, ours[name]) for name, value in shown.items())
    if isinstance(shown, list):
        return all(value in ours for value in shown)
    return shown == ours


def test_the_console_pages_are_a_function_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text('[console]\npages = "tools.console:register"\n')

    assert read_extensions(tmp_path).console_pages == "tools.console:register"


@pytest.mark.parametrize("line", ['pages = "tools/console.py"', "pages = 3", 'page = "a:b"'])
def test_console_pages_that_cannot_be_called_are_reported(tmp_path: Path, line: str) -> None:
    (tmp_path / "edge.toml").write_text(f"[console]\n{line}\n")

    found = read_extensions(tmp_path)

    assert found.console_pages is None
    assert len(found.faults) == 1
