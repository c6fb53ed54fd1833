"""TAP as pgTAP prints it: what passes, what fails and why."""

from io import StringIO

import pytest

from edge.cli.db.tap import check_plan, cut_lines, read_report


@pytest.mark.parametrize(
    ("text", "failed", "problems"),
    [
        ("1..2\nok 1 - a\nok 2 - b # SKIP no phone here\n", [], []),
        ('1..2\nok 1 - a\nnot ok 2 - b\n# Failed test 2: "b"\n', [2], []),
        ("1..1\nnot ok 1 - later # TODO not written\n# Failed (TODO) test\n", [], []),
        ("ok 1 - the plan may come last\n1..1\n", [], []),
        ("1..3\nok 1 - a\n", [], ["bad plan: 3 planned, 1 ran"]),
        ("ok 1\n", [], ["no plan found: select plan(N), or select * from no_plan()"]),
        ("1..0 # SKIP not today\n", [], []),
        ("1..2\nok 1 - a\nok 3 - b\n", [], ["tests out of sequence: found 3, expected 2"]),
        ("1..1\nok 1 - a\nBail out! no users\n", [], ["bailed out: no users"]),
        ("# Subtest: x()\n    ok 1 - in\n    not ok 2 - in\n    1..2\nok 1 - x\n1..1\n", [], []),
        ("1..1\nok 1 - look at \\#7 and 1..9\nokay, a note\n", [], []),
    ],
)
def test_reports(text: str, failed: list[int], problems: list[str]) -> None:
    report = read_report(text.splitlines(keepends=True))
    check_plan(report)

    assert (report.failed, report.problems) == (failed, problems)
    assert report.passed is (not failed and not problems)


def test_diagnostics_follow_their_test_and_are_bounded() -> None:
    lines = ["1..1", "not ok 1 - rows", "# have: 1", "text of the value", *["# more " * 500] * 300]

    report = read_report(lines)

    assert report.diagnostics[:3] == ["not ok 1 - rows", "# have: 1", "text of the value"]
    assert len(report.diagnostics) == 201
    assert max(map(len, report.diagnostics)) == 2000


def test_long_lines_are_cut() -> None:
    output = StringIO("1..1\n" + "ok " * 100_000 + "\nok 1 - a")

    lines = list(cut_lines(output))

    assert [len(line) for line in lines] == [5, 1 << 16, 8]


def test_a_skipped_file_says_why() -> None:
    assert read_report(["1..0 # SKIP not today"]).skipped == "not today"
