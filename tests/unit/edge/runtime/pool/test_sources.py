"""Which changes concern a function, from what its workers reported."""

import pytest

from edge.runtime.pool.sources import Sources


def reported() -> Sources:
    sources = Sources({"/p/functions/f/main.py"})
    sources.add({"read": ["/p/functions/f/prompt.txt", "/p/functions/f/state.json"]})
    sources.add({"written": ["/p/functions/f/state.json", "/p/functions/f/extra.py"]})
    sources.add({"missing": ["/p/functions/f/extra", "/p/shared/extra"]})
    return sources


@pytest.mark.parametrize(
    "path",
    ["f/main.py", "f/prompt.txt", "f", "../shared/extra.py", "../shared/extra/a.py"],
)
def test_what_was_loaded_or_awaited_concerns_it(path: str) -> None:
    real = f"/p/functions/{path}".replace("/functions/..", "")

    assert reported().concern(real)


@pytest.mark.parametrize("path", ["f/state.json", "f/extra.py", "f/new.txt", "f/m", "g/main.py"])
def test_what_it_wrote_or_never_opened_does_not(path: str) -> None:
    assert not reported().concern(f"/p/functions/{path}")


@pytest.mark.parametrize("report", [None, [], {"read": "x"}, {"read": [1]}, {"other": ["x"]}])
def test_a_report_of_another_shape_changes_nothing(report: object) -> None:
    sources = Sources()

    sources.add(report)

    assert sources == Sources()
