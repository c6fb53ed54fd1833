"""What a sales team types: a list in, a campaign dialled to its end by the emulated provider."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .cli_process import EDGE, edge, serving, shell

ROOT = Path(__file__).parents[2]
SERVED = ("campaign_trigger", "import_contacts", "retell_webhook")

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's own functions, migrations and shared code, in a folder of the test's."""
    folder = tmp_path_factory.mktemp("sales")
    for name in ("shared", "supabase", *(f"functions/{name}" for name in SERVED)):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "samples/contacts.csv", folder / "contacts.csv")
    manifest = folder / "functions/campaign_trigger/function.toml"
    minutely = manifest.read_text()
    manifest.write_text(minutely.replace('schedule = "* * * * *"', 'schedule = "2 seconds"'))
    assert manifest.read_text() != minutely
    return folder


@pytest.fixture(scope="module", autouse=True)
def started(project: Path) -> Iterator[dict[str, Any]]:
    with serving(project, "start", "--port", "0", "--db-port", "0") as details:
        yield details


def test_a_list_is_imported_once_and_its_faults_are_told(project: Path) -> None:
    (project / "list.csv").write_text("name,phone\nAda,(212) 555-0101\nBob,12\n")
    first = edge(project, "campaign", "import", "list.csv", "-o", "json")
    second = edge(project, "campaign", "import", "list.csv")

    told = json.loads(first.stdout)
    assert (first.returncode, told["imported"], told["error_count"]) == (1, 1, 1)
    assert "line 3: '12' " in second.stderr
    assert "1 were there already" in second.stderr


def test_three_commands_dial_a_list_to_its_end(project: Path) -> None:
    imported = edge(project, "campaign", "import", "contacts.csv", "--any-hour", "-o", "json")
    faster = edge(project, "campaign", "clock", "20000")
    started = edge(project, "campaign", "start", "contacts", "-o", "json")
    watch = [*EDGE, "campaign", "watch", "contacts", "-o", "json"]
    watched = subprocess.run(
        watch, cwd=project, env=shell(), capture_output=True, text=True, check=False, timeout=150
    )

    assert imported.returncode == 0, imported.stderr
    assert faster.returncode == 0, faster.stderr
    assert started.returncode == 0, started.stderr
    assert watched.returncode == 0, watched.stderr
    last = json.loads(watched.stdout.splitlines()[-1])
    figures = last["figures"]
    assert last["status"] == "completed"
    assert figures["processed"] == figures["total"] == json.loads(imported.stdout)["imported"]
    assert figures["connected"] > 0
    assert figures["cost_cents"] > 0


def test_an_unknown_campaign_is_named_with_those_there_are(project: Path) -> None:
    failed = edge(project, "campaign", "start", "autumn")

    assert failed.returncode == 2
    assert "There is no campaign autumn" in failed.stderr
    assert "list" in failed.stderr


def test_real_phones_have_no_other_clock(tmp_path: Path) -> None:
    assert edge(tmp_path, "init", "real").returncode == 0
    environ = shell(RETELL_API_KEY="key_of_a_real_account")
    with serving(tmp_path / "real", "functions", "serve", "--port", "0", environ=environ):
        refused = edge(tmp_path / "real", "campaign", "clock", "1000")

    assert refused.returncode == 2
    assert "real phones" in refused.stderr
