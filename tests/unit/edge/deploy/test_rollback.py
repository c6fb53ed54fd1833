"""Which of a service's revisions is the former bundle."""

import pytest

from edge.deploy.rollback import Revision, choose_former
from edge.errors import DeployError

OLD = Revision("r1", "aa11", "2026-01-01")
FORMER = Revision("r2", "bb22", "2026-01-02")
SAME = Revision("r3", "cc33", "2026-01-03")
NOW = Revision("r4", "cc33", "2026-01-04", is_serving=True)
NEWER = Revision("r5", "dd44", "2026-01-05")


@pytest.mark.parametrize(
    ("revisions", "wanted", "name"),
    [
        ([OLD, FORMER, NOW], None, "r2"),
        ([NOW, OLD, FORMER], None, "r2"),
        ([OLD, SAME, NOW], None, "r1"),
        ([OLD, FORMER, NOW, NEWER], None, "r2"),
        ([OLD, NOW, NEWER], "dd", "r5"),
        ([OLD, FORMER, NOW], "aa11", "r1"),
        ([OLD, FORMER, NOW], "r1", "r1"),
    ],
)
def test_it_is_the_last_ready_one_of_another_digest_or_the_one_that_is_named(
    revisions: list[Revision], wanted: str | None, name: str
) -> None:
    assert choose_former("hello", revisions, wanted).name == name


@pytest.mark.parametrize(
    ("revisions", "wanted", "said"),
    [
        ([], None, "No revision of hello serves"),
        ([NOW], None, "no former bundle of hello"),
        ([NOW, SAME], None, "no former bundle of hello"),
        ([OLD, NOW], "zz", "no bundle of a digest that begins with zz"),
        ([Revision("x", "aa99"), OLD, NOW], "aa", "Several bundles begin with aa"),
        ([OLD, NOW], "cc", "serves cc already"),
    ],
)
def test_without_one_it_is_refused_with_what_there_is(
    revisions: list[Revision], wanted: str | None, said: str
) -> None:
    with pytest.raises(DeployError, match=said):
        choose_former("hello", revisions, wanted)
