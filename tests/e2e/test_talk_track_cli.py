"""`edge talk-track import`: adds a deck from a file for a user of the running stack."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.cli_process import edge, serving
from tests.support.paths import ROOT

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("shared", "supabase", "backend", "functions/talk_track_jobs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "edge.toml", tmp_path)
    (tmp_path / "deck.md").write_text("# Launch\n## Why\n- Time\n## How\nSimply.\n")
    return tmp_path


@pytest.fixture
def started(project: Path) -> Iterator[dict[str, Any]]:
    with serving(project, "start", "--no-processes", "--port", "0", "--db-port", "0") as details:
        yield details


def test_a_deck_of_a_file_is_shown_and_added(project: Path, started: dict[str, Any]) -> None:
    account = {"email": "ann@example.com", "password": "a long password"}
    headers = {"apikey": started["ANON_KEY"]}
    signed_up = httpx.post(f"{started['API_URL']}/auth/v1/signup", json=account, headers=headers)
    assert signed_up.status_code == 200, signed_up.text
    command = ("talk-track", "import", "deck.md", "--user", "Ann@example.com")

    shown = edge(project, *command, "--dry-run")
    added = edge(project, *command, "-o", "json")
    stranger = edge(project, "talk-track", "import", "deck.md", "--user", "bob@example.com")

    assert (shown.returncode, "2 slides: Launch" in shown.stderr) == (0, True), shown.stderr
    assert "Nothing is stored." in shown.stderr
    assert added.returncode == 0, added.stderr
    assert json.loads(added.stdout)["deckStructureId"]
    assert (stranger.returncode, "There is no user bob" in stranger.stderr) == (2, True)
