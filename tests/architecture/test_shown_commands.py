"""The console tells no command that does not exist."""

import ast
import shlex
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from edge.cli.app import app
from tests.support.paths import ROOT


def shown_commands() -> Iterator[tuple[str, str]]:
    """Yield file and command of each string that begins with `edge `, its values as `NAME`."""
    for folder in ("console", "backend/console"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                text = _text_of(node)
                if text.startswith("edge "):
                    yield str(path.relative_to(ROOT)), text


def _text_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        parts = (v.value if isinstance(v, ast.Constant) else "NAME" for v in node.values)
        return "".join(map(str, parts))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_there(command: str) -> bool:
    """Whether the command and what is below it exist, and each file that it names."""
    found: Any = get_command(app)
    words = shlex.split(command)[1:]
    while isinstance(found, TyperGroup) and words:
        context = typer.Context(found)
        if words[0] not in found.list_commands(context):
            return False
        _, found, words = found.resolve_command(context, words)
    return all((ROOT / word).exists() for word in words if "/" in word)


def test_every_command_that_is_shown_exists() -> None:
    commands = list(shown_commands())
    missing = [(file, command) for file, command in commands if not is_there(command)]

    assert len(commands) > 5
    assert not is_there("edge functions call hello")
    assert not is_there("edge nothing")
    assert missing == []
