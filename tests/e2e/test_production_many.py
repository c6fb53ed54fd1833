"""Two instances, one database, a campaign and talk tracks; one instance killed in the middle."""

import pytest

from tests.chaos.fleet_proof import Size, prove

pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]


def test_nothing_is_lost_with_an_instance_that_is_killed() -> None:
    proof = prove(Size(instances=2, contacts=30, tracks=10))

    assert list(proof.faults) == []
    assert proof.killing is not None
    assert proof.killing.calls + proof.killing.jobs > 0  # it had active work
    assert proof.campaign.calls >= 29  # one of thirty opted out
