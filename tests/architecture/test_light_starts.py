"""What commands do not import before they answer: each takes a part of the first second."""

import subprocess
import sys

import pytest

_HEAVY = {
    "cryptography",
    "httpx",
    "jinja2",
    "jwt",
    "opentelemetry",
    "psycopg",
    "pydantic",
    "requests",
    "rich",
    "starlette.applications",
    "uvicorn",
    "watchfiles",
}
_COMMAND_LINE = {"click", "typer"}
_PARTS = {"a2wsgi", "anyio", "multiprocessing", "uvicorn.supervisors"}
_NOT_OF_A_STACK = {
    *("a2wsgi", "click", "edge.emulator.providers", "jinja2", "opentelemetry", "pygments"),
    *("requests", "uvicorn.supervisors", "xxhash"),
}
_NOT_OF_A_FIRST_ANSWER = {
    *("edge.emulator.rest.csv_program", "edge.emulator.rest.description"),
    "edge.emulator.rest.response.openapi",
    *("configparser", "csv", "ctypes", "email.message", "hmac", "http.client"),
    *("importlib.metadata", "logging.config", "pickle", "secrets", "shutil", "zipfile"),
}
_REST = (
    "import edge.cli.exit, edge.cli.quick\n"
    "edge.cli.quick.import_server('edge.rest_server')\n"
    "import edge.emulator.rest.database, edge.rest_app"
)

_SHOW = """
from edge.light_imports import PostponedModule
print(*(name for name, it in sys.modules.items() if not isinstance(it, PostponedModule)))
"""
_STACK = (
    "import edge.cli.exit; edge.cli.exit.leave_out_command_lines()\n"
    "import edge.cli.start.commands, edge.cli.start.serving, edge.stack, edge.services\n"
    "edge.services.import_what_needs_a_database()"
)


@pytest.mark.parametrize(
    ("source", "left_out"),
    [
        ("import edge.cli.exit, edge.cli.quick", {*_HEAVY, *_COMMAND_LINE, *_PARTS, "asyncio"}),
        ("import edge.cli.exit, edge.cli.app", {*_HEAVY, *_PARTS, "click", "asyncio"}),
        (_STACK, _NOT_OF_A_STACK),
        (
            _REST,
            {*(_HEAVY - {"psycopg", "uvicorn"}), *_COMMAND_LINE, *_PARTS, *_NOT_OF_A_FIRST_ANSWER},
        ),
    ],
    ids=["any command", "edge --help", "edge start", "edge rest"],
)
def test_a_command_imports_only_what_it_needs_to_answer(source: str, left_out: set[str]) -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys\n{source}\n{_SHOW}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert left_out.intersection(loaded) == set()
