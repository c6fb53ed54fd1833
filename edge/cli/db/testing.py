"""`edge db test`: run pgTAP files by psql, as `supabase test db` does with pg_prove."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from edge.cli.db.local import apply_new, create_scratch, find_psql, use_server
from edge.cli.db.shared_pgtap import use_pgtap
from edge.cli.db.tap import Report, check_plan, cut_lines, read_report
from edge.cli.running import project_lock, require_database, require_running
from edge.emulator.postgres.blockers import describe_blockers
from edge.errors import EdgeError

_SCRATCH: Final = "edge_test"
_KINDS: Final = (".sql", ".pg")
# fmt: off
_OPTIONS: Final = (
    "--no-psqlrc", "--no-align", "--quiet", "--pset", "pager=off", "--pset", "tuples_only=true",
    "--set", "ON_ERROR_STOP=1",
)
# fmt: on
_STOPPED_BY_ERROR: Final = 3
_GRACE: Final = 5.0  # for psql to cancel its statement


@dataclass(frozen=True, slots=True)
class FileResult:
    """What the tests of a file said, and how long they took."""

    path: Path
    report: Report
    seconds: float


def find_tests(workdir: Path, given: Sequence[Path]) -> list[Path]:
    """List the test files of files and folders, by default of supabase/tests. Raises EdgeError."""
    places = list(given) or [workdir / "supabase" / "tests"]
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise EdgeError(
                f"There is no {place}.", cure="Write pgTAP tests to supabase/tests/NAME.test.sql."
            )
        inside = sorted(p for kind in _KINDS for p in place.rglob(f"*{kind}") if p.is_file())
        found += inside if place.is_dir() else [place]
    if not found:
        raise EdgeError(
            f"No file below {', '.join(map(str, places))} ends in .sql or .pg.",
            cure="Write pgTAP tests to supabase/tests/NAME.test.sql.",
        )
    return list(dict.fromkeys(path.resolve() for path in found))


@contextmanager
def open_database(workdir: Path) -> Generator[str]:
    """Yield a connection string with pgTAP at hand.

    It is the running stack's database; without one, a scratch database with all migrations and
    seeds.
    """
    if project_lock(workdir).holder() is not None:
        with use_pgtap(require_database(require_running(workdir))) as url:
            yield url
        return
    with use_server(workdir) as server:
        create_scratch(server, _SCRATCH)
        try:
            url = server.dsn(_SCRATCH, user="postgres")
            outcome = apply_new(workdir, url)
            if outcome.blockers:
                lines = "\n".join(describe_blockers(outcome.blockers, workdir.resolve()))
                raise EdgeError(f"The database does not take all migrations and seeds:\n{lines}")
            with use_pgtap(url):
                yield url
        finally:
            server.drop_database(_SCRATCH)


def run_tests(url: str, paths: Sequence[Path], limit: float) -> Iterator[FileResult]:
    """Run the files in order, each for at most `limit` seconds; yield each one's result."""
    for path in paths:
        started = time.monotonic()
        report = _run(url, path, limit)
        yield FileResult(path, report, time.monotonic() - started)


def _run(url: str, path: Path, limit: float) -> Report:
    command = [str(find_psql()), *_OPTIONS, "--file", path.name, "--dbname", url]
    with (
        tempfile.TemporaryFile("w+", errors="replace") as complaints,
        _running(command, path.parent, complaints) as process,
        _limited(process, limit) as overran,
    ):
        assert process.stdout is not None, "it is a pipe"
        report = read_report(cut_lines(process.stdout))
        process.wait()
        if overran.is_set():
            report.problems.append(f"stopped after {report.ran} tests: {limit:g} s were over")
        elif process.returncode:
            complaints.seek(0)
            for line in cut_lines(complaints):
                report.note(line.rstrip("\n"))
            stopped = process.returncode == _STOPPED_BY_ERROR
            reason = "an error in SQL" if stopped else f"psql's status {process.returncode}"
            report.problems.append(f"stopped after {report.ran} tests by {reason}")
        else:
            check_plan(report)
    return report


@contextmanager
def _running(
    command: Sequence[str], folder: Path, complaints: IO[str]
) -> Generator[subprocess.Popen[str]]:
    """Run psql in a process group, which ends with the block: `\\!` may have started others."""
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=complaints,
        text=True,
        errors="replace",
        process_group=0,
    ) as process:
        try:
            yield process
        finally:
            _signal_group(process, signal.SIGKILL)


@contextmanager
def _limited(process: subprocess.Popen[str], limit: float) -> Generator[threading.Event]:
    """End the group after `limit` seconds, and then set the event that it yields.

    SIGINT has psql cancel its statement in the server, which would go on otherwise.
    """
    overran, over = threading.Event(), threading.Event()

    def watch() -> None:
        if over.wait(limit):
            return
        overran.set()
        _signal_group(process, signal.SIGINT)
        if not over.wait(_GRACE):
            _signal_group(process, signal.SIGKILL)

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield overran
    finally:
        over.set()
        watching.join()


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
