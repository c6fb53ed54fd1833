"""The lines of `edge db test`, in pg_prove's order: files, failures, totals."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.cli.console import print_json, print_text, remark
from edge.cli.db.testing import FileResult
from edge.cli.options import Format


@dataclass(slots=True)
class TapView:
    """Prints results as they come, or one JSON document at the end."""

    root: Path
    output: Format
    _results: list[FileResult] = field(default_factory=list[FileResult], init=False)
    _started: float = field(default_factory=time.monotonic, init=False)

    def show(self, result: FileResult) -> None:
        self._results.append(result)
        if self.output == "json":
            return
        print_text(f"{self._name(result)} .. {_verdict(result)}\n")
        if not result.report.passed:
            for line in result.report.diagnostics:
                remark(f"    {line}", "dim")

    def finish(self) -> bool:
        """Print the totals; return whether everything passed."""
        failed = [result for result in self._results if not result.report.passed]
        ran = sum(result.report.ran for result in self._results)
        if self.output == "json":
            print_json({"passed": not failed, "tests": ran, "files": self._as_json()})
            return not failed
        if failed:
            print_text("\nTest Summary Report\n-------------------\n")
        for result in failed:
            print_text(f"{self._name(result)}: {_explain(result)}\n")
        seconds = time.monotonic() - self._started
        print_text(f"Files={len(self._results)}, Tests={ran}, {seconds:.1f} s\n")
        print_text(f"Result: {'FAIL' if failed else 'PASS'}\n")
        return not failed

    def _name(self, result: FileResult) -> str:
        path = result.path
        return (path.relative_to(self.root) if path.is_relative_to(self.root) else path).as_posix()

    def _as_json(self) -> list[dict[str, Any]]:
        return [
            {
                "file": self._name(result),
                "passed": result.report.passed,
                "planned": result.report.planned,
                "ran": result.report.ran,
                "failed": result.report.failed,
                "problems": result.report.problems,
                "diagnostics": [] if result.report.passed else result.report.diagnostics,
                "seconds": round(result.seconds, 3),
            }
            for result in self._results
        ]


def _verdict(result: FileResult) -> str:
    if not result.report.passed:
        return "FAILED"
    return f"skipped: {result.report.skipped}" if result.report.skipped else "ok"


def _explain(result: FileResult) -> str:
    report = result.report
    said = list(report.problems)
    if report.failed:
        numbers = ", ".join(map(str, report.failed[:20])) + (", …" if report.failed[20:] else "")
        said.append(f"failed {len(report.failed)} of {report.ran}: {numbers}")
    return "; ".join(said)
