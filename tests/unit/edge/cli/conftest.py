"""Project on disk, the `edge` command in this process, and the lock of a running stack."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.project.lock import Lock
from tests.support.cli_command import Edge, Outcome, run_edge


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Edge:
    def run(*arguments: str) -> Outcome:
        return run_edge(monkeypatch, capsys, *arguments)

    return run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Project with two functions, as the current folder."""
    for name in ("send_invite", "report"):
        folder = tmp_path / "functions" / name
        folder.mkdir(parents=True)
        (folder / "main.py").write_text("async def main(request):\n    return 'ok'\n")
    (tmp_path / "functions/report/function.toml").write_text('secrets = ["REPORT_KEY"]\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def lock(project: Path) -> Iterator[Lock]:
    """Lock of the project, held as by a running stack."""
    lock = Lock(project / ".edge" / "lock")
    lock.acquire()
    yield lock
    lock.release()
