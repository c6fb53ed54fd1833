"""`edge worker`: starts a worker for the running stack, lists and removes what is registered."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from tests.support.cli_process import edge, serving
from tests.support.edge_process import EdgeProcess
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]
GONE = "http://127.0.0.1:9/gone"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("shared", "supabase", "backend", "workers", "functions/media_queue"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "edge.toml", tmp_path)
    return tmp_path


def test_a_worker_is_started_listed_and_removed(project: Path) -> None:
    with serving(project, "start", "--no-processes", "--port", "0", "--db-port", "0") as details:
        none = edge(project, "worker", "list")
        assert "No worker is registered" in none.stderr
        with psycopg.connect(details["DB_URL"], autocommit=True) as connection:
            connection.execute(
                "insert into public.workers (worker_type, base_url, health, health_error)"
                " values ('wan', %s, 'unhealthy', 'no answer')",
                (GONE,),
            )
        process = EdgeProcess(
            ["worker", "start", "sdxl"],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout
            url = process.stdout.readline().split(" listen at ")[1].strip() + "/sdxl"
            listed = _list(project, 2)
            shown = edge(project, "worker", "list")
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0
            process.stdout.close()
        created = json.loads(edge(project, "worker", "key", "create", "gpu-1").stdout)
        assert created["WORKER_KEY"].startswith("wk_")
        assert edge(project, "worker", "key", "revoke", "gpu-1").returncode == 0
        assert "gpu-2 has no key" in edge(project, "worker", "key", "revoke", "gpu-2").stderr
        assert json.loads(edge(project, "worker", "key", "list").stdout)[0]["revoked_at"]
        removed = edge(project, "worker", "remove", GONE)
        unknown = edge(project, "worker", "remove", GONE)

        assert listed[url] == "healthy"
        assert listed[GONE] == "unhealthy"
        assert all(text in shown.stderr for text in (url, GONE, "no answer"))
        assert removed.returncode == 0, removed.stderr
        assert (unknown.returncode, "There is no worker" in unknown.stderr) == (2, True)
        assert _list(project, 0) == {}


def _list(project: Path, count: int) -> dict[str, str]:
    """Return health by URL, once there are so many workers."""
    end = time.monotonic() + PATIENCE
    while True:
        rows = json.loads(edge(project, "worker", "list", "-o", "json").stdout)
        if len(rows) == count:
            return {row["base_url"]: row["health"] for row in rows}
        assert time.monotonic() < end, rows
        time.sleep(0.2)
