"""Secrets, metrics and logs of a running stack, through its HTTP endpoints."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge.project.settings import SECRET_KEY, load_settings
from edge.stack import Stack
from tests.support.cli_process import edge
from tests.support.made_database import give_database
from tests.support.serving import LoopThread
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.process, pytest.mark.e2e]

MAIN = """
import os

def main(request):
    print("it was called")
    if request.args.get("fail"):
        raise RuntimeError("as requested")
    return {"secret": os.environ.get("MOOD")}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    folder = root / "functions" / "report"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(MAIN)
    (folder / "function.toml").write_text('verify_jwt = false\nsecrets = ["MOOD"]\n')
    (root / "functions" / ".env").write_text("MOOD=calm\n")
    return root


@pytest.fixture(scope="module")
def url(project: Path) -> Iterator[str]:
    settings = load_settings(project, port=0, db_port=0, environ={"PATH": "/usr/bin:/bin"})
    stack = Stack(settings, lambda _event: None, durable=False)
    give_database(project)
    thread = LoopThread()
    thread.run(stack.start())
    yield stack.settings.api_url
    thread.run(stack.close())
    thread.close()


def ask(url: str, query: str = "") -> httpx.Response:
    return httpx.get(f"{url}/functions/v1/report{query}", timeout=PATIENCE)


def test_a_secret_that_changes_is_seen_by_the_next_request(url: str, project: Path) -> None:
    before = ask(url).json()
    (project / "functions" / ".env").write_text("MOOD=merry\n")
    deadline = time.monotonic() + PATIENCE
    while (after := ask(url).json()) == before:
        assert time.monotonic() < deadline
        time.sleep(0.02)

    assert (before, after) == ({"secret": "calm"}, {"secret": "merry"})


def test_metrics_have_prometheus_format_and_the_platforms(url: str) -> None:
    assert ask(url, "?fail=1").status_code == 500
    assert httpx.get(f"{url}/functions/v1/unknown", timeout=PATIENCE).status_code == 404

    key = {"authorization": f"Bearer {SECRET_KEY}"}
    numbers = httpx.get(f"{url}/metrics", headers=key, timeout=PATIENCE)
    platform = httpx.get(f"{url}/_internal/metric", headers=key, timeout=PATIENCE).json()
    health = httpx.get(f"{url}/_internal/health", timeout=PATIENCE)

    assert numbers.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'function="report",status="500"' in numbers.text
    assert 'function="(unknown)",status="404"' in numbers.text
    assert platform["activeUserWorkersCount"] >= 1
    assert platform["handledRequestsCount"] >= 2
    assert (health.status_code, health.json()) == (200, {"message": "ok"})


def logs(project: Path, *options: str) -> list[dict[str, Any]]:
    ran = edge(project, "logs", "-o", "json", *options)
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_output_of_functions_is_logged_and_searchable(url: str, project: Path) -> None:
    assert ask(url, "?fail=1").status_code == 500
    deadline = time.monotonic() + PATIENCE
    while not (found := logs(project, "report", "--level", "error", "--search", "as requested")):
        assert time.monotonic() < deadline
        time.sleep(0.1)

    assert "UncaughtException" in {entry["kind"] for entry in found}
    assert all(entry["function"] == "report" for entry in found)
    assert any(entry["message"] == "it was called" for entry in logs(project, "--since", "10m"))
    assert logs(project, "--since", "10m", "--search", "never said") == []
