"""Campaigns through crashes, storms and changes of the clock: a small seed that ends soon.

A seed that fails here plays again by `python -m bench.campaign --seed N --size 15`; many more are
played by `--seeds 200`.
"""

from pathlib import Path

import pytest

from tests.chaos.scenario import draw_scenario
from tests.chaos.simulation import simulate

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]
CONTACTS = 15


@pytest.mark.parametrize("seed", [8])
def test_every_law_holds_in_the_end_and_on_the_way(tmp_path: Path, seed: int) -> None:
    report = simulate(draw_scenario(seed, CONTACTS), tmp_path)

    assert list(report.violations) == [], f"--seed {seed} --size {CONTACTS}"
    assert report.calls > 0
