"""Campaigns through crashes, storms and changes of the clock: a few small seeds.

A seed that fails here plays again by `python -m bench.campaign --seed N`.
"""

from pathlib import Path

import pytest

from tests.chaos.scenario import draw_scenario
from tests.chaos.simulation import simulate

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]
CONTACTS = 30


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_law_holds_in_the_end_and_on_the_way(tmp_path: Path, seed: int) -> None:
    report = simulate(draw_scenario(seed, CONTACTS), tmp_path)

    assert list(report.violations) == [], f"python -m bench.campaign --seed {seed}"
    assert report.calls > 0
