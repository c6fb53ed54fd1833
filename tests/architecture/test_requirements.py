"""Each function's requirements are pinned as in the one lock."""

import re
import sys

import pytest

from tests.support.paths import ROOT
from tests.support.source_code import list_files, read_source

FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/main.py"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_pin_is_the_locks(function: str) -> None:
    lock = {
        line.split()[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if line
    }
    pins = (ROOT / "functions" / function / "requirements.txt").read_text().split()

    assert pins
    assert {re.sub(r"\[.*\]", "", pin) for pin in pins} <= lock


def test_the_chat_backends_container_has_what_it_imports() -> None:
    pins = (ROOT / "backend/requirements.txt").read_text().split()
    lock = (ROOT / "requirements.lock").read_text()
    assert all(re.sub(r"\[.*\]", "", pin) in lock for pin in pins)
    names = {re.split(r"[=\[]", pin)[0] for pin in pins}
    packages = {"docx": "python-docx", "socketio": "python-socketio", "psycopg_pool": "psycopg"}
    files = [ROOT / "backend/__main__.py", *list_files("backend/chat", "backend/transcripts")]
    imported = {
        module.split(".")[0]
        for path in files
        for module in read_source(path).imports
        if module.split(".")[0] not in {*sys.stdlib_module_names, "backend"}
    }
    assert {packages.get(name, name) for name in imported} <= names
