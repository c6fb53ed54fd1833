"""Which chunks are read when not all can be."""

from hypothesis import given
from hypothesis import strategies as st

from functions.structured_data.selection import choose, spread_evenly


def test_all_are_chosen_when_they_fit() -> None:
    assert choose(3, [], 3) == [0, 1, 2]


def test_the_ends_and_the_middle_are_covered() -> None:
    assert spread_evenly(101, 5) == [0, 25, 50, 75, 100]


def test_each_ranking_gets_its_best_before_any_gets_its_second() -> None:
    chosen = choose(100, [[10, 11, 12], [20, 21, 22], [30, 31, 32]], 6)

    assert {10, 20, 30} <= set(chosen)
    assert not {11, 12, 21, 22, 31, 32} & set(chosen)


def test_what_two_rankings_agree_on_counts_once() -> None:
    assert len(choose(100, [[10, 11], [10, 12]], 6)) == 6


def test_short_rankings_are_filled_up() -> None:
    assert len(choose(100, [[5], []], 10)) == 10


def test_without_rankings_all_are_spread() -> None:
    assert choose(101, [], 5) == [0, 25, 50, 75, 100]


@given(st.integers(1, 300), st.integers(1, 120), st.data())
def test_the_budget_is_used_and_never_passed(total: int, count: int, data: st.DataObject) -> None:
    ranking = st.lists(st.integers(0, total - 1), unique=True, max_size=count)
    rankings = data.draw(st.lists(ranking, max_size=4))

    chosen = choose(total, rankings, count)

    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(count, total)
    assert all(0 <= index < total for index in chosen)
