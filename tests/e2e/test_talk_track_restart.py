"""The whole stack killed while a talk track is written, and started again."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.fresh_database import FreshDatabase
from edge.project.settings import load_settings
from edge.running_stack import open_control
from tests.conftest import ROOT, RunningStack
from tests.support.cli_process import DEADLINE, shell
from tests.support.edge_process import EdgeProcess
from tests.support.made_database import give_database
from tests.support.talk_tracks.faults import (
    delay_responses,
    list_chunk_ids,
    run_without_faults,
)
from tests.support.talk_tracks.user import User, create_user
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.e2e, pytest.mark.process]
COMMAND = ("start", "--no-processes", "--port", "0", "--db-port", "0", "--no-reload", "-o", "json")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "functions").mkdir()
    for name in ("talk_track_jobs", "generate_talk_track"):
        (tmp_path / "functions" / name).symlink_to(ROOT / "functions" / name)
    for name in ("shared", "supabase"):
        (tmp_path / name).symlink_to(ROOT / name)
    settings = "TALK_TRACK_LEASE_SECONDS=2\nTALK_TRACK_CONCURRENCY=1\n"
    (tmp_path / "functions/.env").write_text(settings)
    give_database(tmp_path)
    return tmp_path


@contextmanager
def started(project: Path) -> Generator[tuple[RunningStack, subprocess.Popen[str]]]:
    """Start a stack; kill it and its descendants at the end."""
    with (project / "start.log").open("ab") as log:
        process = EdgeProcess(
            COMMAND,
            cwd=project,
            env=shell(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (project / "start.log").read_text()
        status = json.loads(line)
        ports = (urlsplit(status[name]).port for name in ("API_URL", "DB_URL"))
        settings = load_settings(project, port=next(ports), db_port=next(ports), environ={})
        with open_control(settings) as control:
            yield (
                RunningStack(
                    settings=settings,
                    database=FreshDatabase(Cluster(project / "none")),
                    control=control,
                    dsn=status["DB_URL"],
                ),
                process,
            )
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=DEADLINE)


@pytest.mark.timeout(600)
def test_a_stack_killed_and_started_again_finishes_the_talk_track(project: Path) -> None:
    with started(project) as (stack, process):
        user = create_user(stack)
        delay_responses(stack, 0.4)
        job_id = user.create()
        user.wait_until(job_id, lambda job: job["current_chunk"] == 2)
        kept = list_chunk_ids(user, job_id)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    with started(project) as (again, _):
        user = User(again, user.user_id, user.token, user.project_id, user.deck_id)
        before = user.job(job_id)
        ends_at = time.monotonic() + PATIENCE
        while user.job(job_id)["status"] == "processing":
            assert time.monotonic() < ends_at
            assert again.call("generate-talk-track", {"action": "reap"}).status_code == 200
            time.sleep(0.1)

        assert before["current_chunk"] >= 2
        assert set(kept) <= set(list_chunk_ids(user, job_id))
        assert user.talk_track(job_id) == run_without_faults(user)
        assert (
            httpx.get(
                f"{again.url}/providers/_faults", headers=again.control_headers, timeout=PATIENCE
            ).status_code
            == 200
        )
