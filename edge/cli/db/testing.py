"""`edge db test`: run pgTAP files by psql, as `supabase test db` does with pg_prove."""

import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from edge.cli.db.local import apply_new, create_scratch, find_psql, use_server
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
        with _with_pgtap(require_database(require_running(workdir))) as url:
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
            with _with_pgtap(url):
                yield url
        finally:
            server.drop_database(_SCRATCH)


def run_tests(url: str, paths: Sequence[Path]) -> Iterator[FileResult]:
    """Run the files one after another; yield each one's result."""
    for path in paths:
        started = time.monotonic()
        report = _run(url, path)
        yield FileResult(path, report, time.monotonic() - started)


def _run(url: str, path: Path) -> Report:
    command = [str(find_psql()), *_OPTIONS, "--file", path.name, "--dbname", url]
    with tempfile.TemporaryFile("w+", errors="replace") as complaints:
        with subprocess.Popen(
            command,
            cwd=path.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None, "it is a pipe"
            report = read_report(cut_lines(process.stdout))
        if process.returncode:
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
def _with_pgtap(url: str) -> Generator[str]:
    """Create the extension where it is missing, and drop it again."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("select from pg_extension where extname = 'pgtap'").fetchone()
        if row is None:
            connection.execute("create extension pgtap with schema extensions")
    try:
        yield url
    finally:
        if row is None:
            with (
                psycopg.connect(url, autocommit=True) as connection,
                suppress(psycopg.errors.DependentObjectsStillExist),  # a file has left some
            ):
                connection.execute("drop extension if exists pgtap")
