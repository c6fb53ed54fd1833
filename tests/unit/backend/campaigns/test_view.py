"""Output of `edge campaign watch`: counts, pace, and a bar for each outcome."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from backend.campaigns.client import Progress
from backend.campaigns.view import Pace, render

FIGURES = {
    "total": 1200.0,
    "processed": 600.0,
    "connected": 300.0,
    "successful": 150.0,
    "voicemail": 75.0,
    "failed": 225.0,
    "duration_ms": 5_430_000.0,
    "cost_cents": 12_345.6,
}
BAR = 32


def progress(reason: str | None = None, **figures: float) -> Progress:
    return Progress("Spring", "active", reason, {**FIGURES, **figures}, calling=7, pending=593)


def seen(progress: Progress, pace: float = 0, **console: Any) -> str:
    """Return the terminal's text after one frame."""
    screen = io.StringIO()
    Console(file=screen, width=100, **console).print(render(progress, pace))
    return screen.getvalue()


def bars(text: str) -> dict[str, tuple[int, str]]:
    """Return length and number of each bar by name."""
    found = re.findall(r"^  (\w+) +(━*)╸? +([\d,]+)$", text, re.MULTILINE)
    return {name: (len(bar), count) for name, bar, count in found}


def test_a_frame_shows_counts_pace_outcomes_and_cost() -> None:
    lines = seen(progress(), pace=42.4).splitlines()

    assert lines == [
        "Spring  active  600 of 1,200 done · 7 calling · 593 waiting · 42 a minute",
        "  done       ━━━━━━━━━━━━━━━━                 600",
        "  connected  ━━━━━━━━                         300",
        "  successful ━━━━                             150",
        "  voicemail  ━━                                75",
        "  failed     ━━━━━━                           225",
        "  90.5 minutes, $123.46",
    ]


@pytest.mark.parametrize(
    ("total", "processed", "length"), [(0, 0, 0), (10, 0, 0), (10, 5, 16), (10, 10, BAR)]
)
def test_a_bar_is_as_long_as_its_share(total: float, processed: float, length: int) -> None:
    shown = bars(seen(progress(total=total, processed=processed)))

    assert shown["done"] == (length, f"{processed:,}")


def test_every_outcome_has_its_colour() -> None:
    shown = seen(progress(), force_terminal=True, color_system="standard")

    found = re.findall(r"^  (\w+) +\x1b\[(\d+)m", shown, re.MULTILINE)
    assert found == [
        ("done", "37"),
        ("connected", "32"),
        ("successful", "36"),
        ("voicemail", "33"),
        ("failed", "31"),
    ]


def test_a_pause_says_why() -> None:
    assert seen(progress("Retell wants to be paid [soon].")).splitlines()[-1] == (
        "  Retell wants to be paid [soon]."
    )


def paced(*moments: tuple[float, float]) -> Iterator[float]:
    """Return the pace after each (second, contacts done)."""
    seconds = iter([second for second, _ in moments])
    pace = Pace(clock=lambda: next(seconds))
    return (pace.add(done) for _, done in moments)


def test_the_pace_is_of_the_last_seconds() -> None:
    assert list(paced((0, 0), (10, 5), (20, 20), (30, 21))) == [0, 30, 60, 48]


def test_the_pace_is_never_negative() -> None:
    assert list(paced((0, 100), (1, 40), (2, 41))) == [0, 0, 0]


def test_the_first_sample_has_no_pace() -> None:
    assert list(paced((5, 1000), (5, 1001))) == [0, 0]
