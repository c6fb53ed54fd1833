"""`edge queue`: shows the jobs of the running stack, queues failed ones again, pauses queues."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.support.cli_process import edge, serving
from tests.support.media.database import MediaDatabase
from tests.support.paths import ROOT

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("shared", "supabase", "backend", "functions/media_queue"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "edge.toml", tmp_path)
    return tmp_path


@pytest.fixture
def started(project: Path) -> Iterator[dict[str, Any]]:
    with serving(project, "start", "--no-processes", "--port", "0", "--db-port", "0") as details:
        yield details


def test_jobs_are_shown_failed_ones_queued_again_and_queues_paused(
    project: Path, started: dict[str, Any]
) -> None:
    with psycopg.connect(started["DB_URL"], autocommit=True) as connection:
        media = MediaDatabase(connection)
        media.user_id = media.add_user()
        waiting = media.enqueue()["job_id"]
        failed = media.enqueue(queue_name="wan_queue", job_type="video_fast")["job_id"]
        media.report(failed, "failed", error="no such model")

    listed = json.loads(edge(project, "queue", "list", "-o", "json").stdout)
    shown = edge(project, "queue", "dead")
    retried = edge(project, "queue", "retry", failed)
    again = edge(project, "queue", "retry", waiting)
    unknown = edge(project, "queue", "retry", str(uuid4()))
    none = edge(project, "queue", "retry")
    paused = edge(project, "queue", "pause", "sdxl_queue")
    with psycopg.connect(started["DB_URL"], autocommit=True) as connection:
        taken = [MediaDatabase(connection).claim()]
        table = edge(project, "queue", "list").stderr
        resumed = edge(project, "queue", "resume", "sdxl_queue")
        taken.append(MediaDatabase(connection).claim())
    no_queue = edge(project, "queue", "pause", "sdxl")
    after = json.loads(edge(project, "queue", "dead", "-o", "json").stdout)

    assert [job["id"] for job in listed["jobs"]] == [waiting]
    assert listed["queues"]["sdxl_queue"]["depth"] == 1
    assert (shown.returncode, "no such model" in shown.stderr) == (0, True), shown.stderr
    assert (retried.returncode, after) == (0, []), retried.stderr
    assert (again.returncode, "cannot be queued again" in again.stderr) == (2, True)
    assert (unknown.returncode, "Job not found" in unknown.stderr) == (2, True)
    assert (none.returncode, "--all" in none.stderr) == (2, True)
    assert (paused.returncode, resumed.returncode) == (0, 0), paused.stderr + resumed.stderr
    assert "paused for" in next(line for line in table.splitlines() if "sdxl_queue" in line)
    assert "running" in next(line for line in table.splitlines() if "wan_queue" in line)
    assert taken[0] is None
    assert taken[1]
    assert taken[1]["job_id"] == waiting
    assert (no_queue.returncode, "There is no queue sdxl." in no_queue.stderr) == (2, True)
