"""Read what a test program prints in the Test Anything Protocol, as pgTAP does.

A test passes if its line begins with `ok`, or is marked as TODO; a file passes if as many tests ran
as its plan says and none failed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Final

_MOST_LINES: Final = 200
"""Lines of diagnostics that are kept of one file."""
_LONGEST_LINE: Final = 2000
_LONGEST_READ: Final = 1 << 16
_PLAN: Final = re.compile(r"1\.\.(?P<count>\d+)(?:\s*#\s*skip\S*\s*(?P<reason>.*))?", re.IGNORECASE)
_TEST: Final = re.compile(
    r"(?P<failed>not )?ok\b(?:\s+(?P<number>\d+))?\s*(?:-\s*)?(?P<name>(?:\\#|[^#])*)"
    r"(?:#\s*(?P<directive>todo|skip)\S*\s*(?P<reason>.*))?",
    re.IGNORECASE,
)
_BAIL_OUT: Final = re.compile(r"Bail out!\s*(?P<reason>.*)", re.IGNORECASE)


@dataclass(slots=True)
class Report:
    """What one file's tests have said."""

    planned: int | None = None
    ran: int = 0
    failed: list[int] = field(default_factory=list[int])
    unexpected: int = 0
    """Tests marked as TODO that pass."""
    skipped: str | None = None
    """Why the whole file is skipped."""
    diagnostics: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])

    @property
    def passed(self) -> bool:
        return not self.failed and not self.problems

    def note(self, line: str) -> None:
        """Keep a line of diagnostics, within bounds."""
        if len(self.diagnostics) < _MOST_LINES:
            self.diagnostics.append(line[:_LONGEST_LINE])
        elif len(self.diagnostics) == _MOST_LINES:
            self.diagnostics.append("…")


def cut_lines(output: IO[str]) -> Iterator[str]:
    """Yield the lines of a program's output; of one that never ends, the beginning."""
    while line := output.readline(_LONGEST_READ):
        yield line
        while not line.endswith("\n") and (line := output.readline(_LONGEST_READ)):
            pass


def read_report(lines: Iterable[str]) -> Report:
    """Read the lines of one file. Subtests, which are indented, count by their summary.

    check_plan() comes afterwards, unless the program was stopped.
    """
    report = Report()
    explains = False
    for line in lines:
        text = line.rstrip("\n")
        if match := _PLAN.fullmatch(text.rstrip()):
            report.planned = int(match["count"])
            if not report.planned:
                report.skipped = match["reason"] or "no tests"
        elif match := _TEST.match(text):
            explains = _count(report, match)
            if explains:
                report.note(text)
        elif match := _BAIL_OUT.match(text):
            report.problems.append(f"bailed out: {match['reason'] or 'no reason given'}")
        elif text.startswith("#") or (explains and text.strip()):
            report.note(text)
    return report


def _count(report: Report, match: re.Match[str]) -> bool:
    """Count a test; return whether it failed."""
    report.ran += 1
    number = int(match["number"] or report.ran)
    if number != report.ran and not report.problems:
        report.problems.append(f"tests out of sequence: found {number}, expected {report.ran}")
    is_todo = (match["directive"] or "").lower() == "todo"
    if not match["failed"]:
        report.unexpected += is_todo
        return False
    if is_todo:
        return False
    report.failed.append(number)
    return True


def check_plan(report: Report) -> None:
    """Note a problem unless as many tests ran as the file has planned."""
    if report.planned is None:
        report.problems.append("no plan found: select plan(N), or select * from no_plan()")
    elif report.ran != report.planned:
        report.problems.append(f"bad plan: {report.planned} planned, {report.ran} ran")
