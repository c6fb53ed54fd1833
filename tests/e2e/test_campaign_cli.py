"""`edge campaign`: import a list and dial it to its end with the emulated provider."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import phonenumbers
import psycopg
import pytest

from tests.support.cli_process import DEADLINE, edge, serving, shell
from tests.support.edge_process import EdgeProcess
from tests.support.paths import ROOT
from tests.support.waiting import wait_for

SERVED = ("campaign_trigger", "import_contacts", "retell_webhook")

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy of this repository's functions, migrations and shared code."""
    folder = tmp_path_factory.mktemp("sales")
    for name in ("shared", "supabase", "backend", *(f"functions/{name}" for name in SERVED)):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "edge.toml", folder)
    shutil.copy(ROOT / "samples/contacts.csv", folder / "contacts.csv")
    manifest = folder / "functions/campaign_trigger/function.toml"
    minutely = manifest.read_text()
    manifest.write_text(minutely.replace('schedule = "* * * * *"', 'schedule = "1 seconds"'))
    assert manifest.read_text() != minutely
    return folder


@pytest.fixture(scope="module", autouse=True)
def started(project: Path) -> Iterator[dict[str, Any]]:
    with serving(project, "start", "--no-processes", "--port", "0", "--db-port", "0") as details:
        yield details


def test_a_list_is_imported_once_and_its_faults_are_reported(project: Path) -> None:
    (project / "list.csv").write_text("name,phone\nAda,(212) 555-0101\nBob,12\n")
    first = edge(project, "campaign", "import", "list.csv", "-o", "json")
    second = edge(project, "campaign", "import", "list.csv")

    report = json.loads(first.stdout)
    assert (first.returncode, report["imported"], report["error_count"]) == (1, 1, 1)
    assert "line 3: '12' " in second.stderr
    assert "1 exist already" in second.stderr


def test_a_dry_run_shows_how_a_list_is_read_and_stores_nothing(project: Path) -> None:
    (project / "dry.csv").write_text("Vorname;Handy;Nicht anrufen\nAda;0151 23456789;\nBob;12;x\n")

    shown = edge(project, "campaign", "import", "dry.csv", "--dry-run", "--region", "DE")

    assert shown.returncode == 1
    assert re.search(r"Handy +phone +0151 23456789", shown.stderr)
    assert re.search(r"Nicht anrufen +do_not_call", shown.stderr)
    assert "+4915123456789" in shown.stderr
    assert "line 3: '12' cannot be dialled" in shown.stderr
    assert "Nothing is stored." in shown.stderr
    assert "There is no campaign dry" in edge(project, "campaign", "start", "dry").stderr


def test_three_commands_dial_a_list_to_its_end(project: Path) -> None:
    imported = edge(project, "campaign", "import", "contacts.csv", "--any-hour", "-o", "json")
    faster = edge(project, "campaign", "clock", "20000")
    started = edge(project, "campaign", "start", "contacts", "-o", "json")
    watched = edge(project, "campaign", "watch", "contacts", "-o", "json", deadline=150)

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


def test_an_unknown_campaign_is_an_error_that_lists_the_newest(project: Path) -> None:
    import_list(project, "spring", [AGREES])

    failed = edge(project, "campaign", "start", "autumn")

    assert failed.returncode == 2
    assert "There is no campaign autumn" in failed.stderr
    assert "spring" in failed.stderr


def is_number(phone: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(phone))


AGREES, DECLINES, VOICEMAIL, DOES_NOT_EXIST = (
    90,
    91,
    56,
    69,
)  # by the provider's table of fictional numbers
SOON = 60.0
_areas = (area for area in range(201, 990) if is_number(f"+1{area}5550190"))


def import_list(project: Path, name: str, endings: list[int]) -> str:
    """Import a campaign that dials at any hour, one number per ending; return its id."""
    phones = [f"+1{next(_areas)}55501{ending}" for ending in endings]
    (project / f"{name}.csv").write_text("\n".join(["phone", *phones]))
    imported = edge(project, "campaign", "import", f"{name}.csv", "--any-hour", "-o", "json")
    assert imported.returncode == 0, imported.stderr
    return json.loads(imported.stdout)["campaign_id"]


def act(project: Path, action: str, campaign: str) -> dict[str, Any]:
    done = edge(project, "campaign", action, campaign, "-o", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def database(started: dict[str, Any]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(started["DB_URL"], autocommit=True) as connection:
        yield connection


def contacts(database: psycopg.Connection, campaign_id: str) -> dict[str, int]:
    statement = (
        "select status, count(*) from public.campaign_contacts where campaign_id = %s group by 1"
    )
    return dict(database.execute(statement, (campaign_id,)).fetchall())


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = os.openpty()
    yield ours, theirs
    os.close(ours)


def watch(project: Path, campaign: str, terminal: tuple[int, int]) -> subprocess.Popen[bytes]:
    """Run `edge campaign watch` on a terminal of 100 columns."""
    process = EdgeProcess(
        ["campaign", "watch", campaign],
        cwd=project,
        env=shell(TERM="xterm-256color", COLUMNS="100"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=terminal[1],
    )
    os.close(terminal[1])
    return process


def read_screen(terminal: tuple[int, int], until: str = "") -> str:
    """Return the terminal's text without colours, up to `until` or the end."""
    sent = b""
    while not until or until not in sent.decode(errors="replace"):
        try:
            sent += os.read(terminal[0], 65_536)
        except OSError:  # the other end is closed
            break
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", sent.decode()).replace("\r", "")


def test_watch_shows_counts_pace_and_bars_until_the_end(
    project: Path, terminal: tuple[int, int], database: psycopg.Connection
) -> None:
    endings = [AGREES] * 12 + [DECLINES] * 4 + [VOICEMAIL] * 3 + [DOES_NOT_EXIST]
    campaign_id = import_list(project, "watched", endings)
    once = "update public.call_campaigns set max_attempts = 1 where id = %s"
    database.execute(once, (campaign_id,))
    edge(project, "campaign", "clock", "60")  # calls of seconds: the screen is drawn once a second
    process = watch(project, "watched", terminal)
    before = read_screen(terminal, "minutes, $")
    act(project, "start", "watched")
    after = read_screen(terminal)

    assert process.wait(DEADLINE) == 0
    assert "watched  draft  0 of 20 done · 0 calling · 20 waiting · 0 a minute" in before
    assert re.search(r"watched  active  .* · [1-9]\d* calling · ", after)
    assert re.search(r"done · \d+ calling · \d+ waiting · [1-9][\d,]* a minute", after)
    last = after[after.rindex("watched  ") :].splitlines()
    assert "completed  20 of 20 done · 0 calling · 0 waiting" in last[0]
    shown = [re.fullmatch(r"  (\w+) +(━*)[╸╺━]* +(\d+)", line) for line in last[1:6]]
    counts = {bar[1]: int(bar[3]) for bar in shown if bar}
    assert 0 < counts.pop("successful") <= 12  # the analysis of the last call comes after its end
    assert counts == {"done": 20, "connected": 16, "voicemail": 3, "failed": 4}
    assert re.fullmatch(r"  \d+\.\d minutes, \$\d+\.\d\d", last[6])


def test_watch_prints_lines_into_a_pipe(project: Path) -> None:
    import_list(project, "piped", [AGREES])
    edge(project, "campaign", "clock", "600")
    with EdgeProcess(
        ["campaign", "watch", "piped"],
        cwd=project,
        env=shell(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        before = process.stderr.readline()
        act(project, "start", "piped")
        after = process.stderr.read()

    assert process.returncode == 0
    assert before.startswith("piped  draft  0 of 1 done · 0 calling · 1 waiting")
    assert "piped  completed  1 of 1 done" in after
    assert re.search(r"connected +━+ +1\n", after)


def test_ctrl_c_ends_watch_but_not_the_campaign(
    project: Path, terminal: tuple[int, int], database: psycopg.Connection
) -> None:
    campaign_id = import_list(project, "left", [AGREES])
    process = watch(project, campaign_id, terminal)
    read_screen(terminal, "minutes, $")
    process.send_signal(signal.SIGINT)
    said = read_screen(terminal)

    assert (process.wait(DEADLINE), "Traceback" in said) == (130, False)
    assert contacts(database, campaign_id) == {"pending": 1}


def start_slowly(project: Path, database: psycopg.Connection, name: str) -> str:
    """Start a campaign of 12 contacts that dials for a minute; return once a call is active."""
    campaign_id = import_list(project, name, [AGREES] * 12)
    edge(project, "campaign", "clock", "1")
    database.execute("update public.dial_pace set calls_per_second = 0.2, tokens = 1")
    act(project, "start", name)
    wait_for(lambda: "calling" in contacts(database, campaign_id))
    return campaign_id


def test_a_paused_campaign_waits_until_it_is_resumed(
    project: Path, database: psycopg.Connection
) -> None:
    campaign_id = start_slowly(project, database, "paused")

    assert act(project, "pause", "paused")["status"] == "paused"

    edge(project, "campaign", "clock", "20000")
    wait_for(lambda: "calling" not in contacts(database, campaign_id))
    left = contacts(database, campaign_id)
    assert left["pending"] > 0
    time.sleep(2.5)  # two checks
    assert contacts(database, campaign_id) == left
    again = edge(project, "campaign", "pause", "paused")
    assert (again.returncode, "The campaign is paused: pause_campaign takes" in again.stderr) == (
        2,
        True,
    )
    assert act(project, "resume", "paused")["status"] == "active"
    wait_for(lambda: contacts(database, campaign_id) == {"completed": 12})


def test_a_cancelled_campaign_makes_no_more_calls(
    project: Path, database: psycopg.Connection
) -> None:
    campaign_id = start_slowly(project, database, "cancelled")

    cancelled = edge(project, "campaign", "cancel", "cancelled")

    assert (cancelled.returncode, cancelled.stderr) == (0, "cancel campaign: done.\n")
    edge(project, "campaign", "clock", "20000")
    wait_for(lambda: set(contacts(database, campaign_id)) <= {"completed", "cancelled"})
    assert contacts(database, campaign_id)["cancelled"] > 0
    watched = edge(project, "campaign", "watch", "cancelled", "-o", "json")
    assert json.loads(watched.stdout)["status"] == "cancelled"
    refused = edge(project, "campaign", "resume", campaign_id)
    assert (refused.returncode, "The campaign is cancelled" in refused.stderr) == (2, True)


def test_the_clock_is_refused_with_a_real_provider(tmp_path: Path) -> None:
    assert edge(tmp_path, "init", "real").returncode == 0
    shutil.copytree(ROOT / "backend", tmp_path / "real/backend")
    shutil.copy(ROOT / "edge.toml", tmp_path / "real")
    environ = shell(RETELL_API_KEY="key_of_a_real_account")
    with serving(tmp_path / "real", "functions", "serve", "--port", "0", environ=environ):
        refused = edge(tmp_path / "real", "campaign", "clock", "1000")

    assert refused.returncode == 2
    assert "real phones" in refused.stderr
