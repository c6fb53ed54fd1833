"""The order of tests for processes that share them: what takes long to start is started once.

pytest-xdist gives each process as many tests of the list, and one that has ended the last half of
what another still has. So each part of the list begins with long tests, those of the whole stack
all in one part, and ends with short ones, which need nothing that has to be started.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from pathlib import Path
from typing import Final

import pytest

_SECONDS: Final = {
    "tests/chaos/test_campaigns.py": 30.0,
    "tests/e2e/test_production_many.py": 30.0,
    "tests/e2e/console": 5.0,
    "tests/e2e/test_bundles.py": 1.0,
    "tests/e2e": 3.0,
    "tests/integration/workers": 2.0,
    "tests/integration/functions/generate_talk_track": 2.0,
    "tests/integration/functions/import_contacts": 1.0,
    "tests/integration/functions/campaign_trigger": 1.0,
    "tests/integration/functions": 0.3,
    "tests/integration/backend": 0.6,
    "tests/integration/edge/runtime": 0.5,
    "tests/integration/edge/fuzz": 20.0,
    "tests/integration": 0.15,
    "tests/conformance": 0.1,
    "tests/chaos": 0.1,
}
"""What a test takes, about, by its file or folder; the first one counts. Others are short."""
_LARGEST: Final = 1.3
"""The part of those of the whole stack, as a multiple of a fair one: the others take its rest."""


def order(items: Sequence[pytest.Item], processes: int) -> list[pytest.Item]:
    """Return the tests in an order that suits so many processes."""
    short = [item for item in items if not _seconds(item)]
    parts = list(_split([item for item in items if _seconds(item)], processes))
    size, more = divmod(len(items), processes)
    ordered: list[pytest.Item] = []
    for number, part in enumerate(parts, 1):
        # The last ones get what is left over, as they do from pytest-xdist.
        room = size + (number > processes - more) - len(part)
        ordered += part + [short.pop(0) for _ in range(min(max(room, 0), len(short)))]
    return ordered + short


def rotate(tests: Path, number: int, count: int) -> list[str]:
    """Return the folders of all tests, from another one on for each of so many processes.

    A fresh clone's files of tests are compiled by whoever imports them first, which takes longer
    than all else of collecting: each process compiles its share and loads what the others have.
    """
    tops = sorted(path for path in tests.iterdir() if any(path.glob("**/test_*.py")))
    folders = [part for top in tops for part in (sorted(_parts(top)) or [top])]
    sizes = [len([*folder.glob("**/test_*.py")]) for folder in folders]
    begins = [0, *accumulate(sizes)]
    first = min(range(len(folders)), key=lambda n: abs(begins[n] - begins[-1] * number / count))
    return [str(folder) for folder in folders[first:] + folders[:first]]


def _parts(folder: Path) -> list[Path]:
    """Return the folders with tests in one that has no tests itself."""
    if any(folder.glob("test_*.py")):
        return []
    return [path for path in folder.iterdir() if any(path.glob("**/test_*.py"))]


def _split(items: Sequence[pytest.Item], count: int) -> Iterator[list[pytest.Item]]:
    """Split into parts that take about as long; a file's tests stay together."""
    files = [list(tests) for _, tests in groupby(sorted(items, key=_rank), key=_rank)]
    left = sum(map(_total, files))
    for number in range(count, 0, -1):
        part: list[pytest.Item] = []
        while files:
            share = left / number * (1 if _rank(files[0][0])[0] else _LARGEST)
            if number > 1 and _total(part) + _total(files[0]) / 2 > share:
                break
            part += files.pop(0)
        left -= _total(part)
        yield part


def _rank(item: pytest.Item) -> tuple[bool, str]:
    """Have users of the whole stack come first, and files in the order of their names."""
    return "_stack" not in getattr(item, "fixturenames", ()), item.nodeid.partition("::")[0]


def _total(items: Iterable[pytest.Item]) -> float:
    return sum(map(_seconds, items))


def _seconds(item: pytest.Item) -> float:
    return next((s for start, s in _SECONDS.items() if item.nodeid.startswith(start)), 0)
