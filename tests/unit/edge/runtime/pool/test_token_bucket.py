"""The token bucket of a rate limit."""

import pytest

from edge.runtime.pool.token_bucket import TokenBucket


def test_a_bucket_lets_so_many_through_a_second() -> None:
    now = [0.0]
    bucket = TokenBucket(2, clock=lambda: now[0])

    burst = [bucket.take() for _ in range(3)]
    now[0] = 0.5

    assert burst == [0.0, 0.0, 0.5]
    assert bucket.take() == 0.0
    assert bucket.take() == 0.5


def test_a_bucket_does_not_save_up() -> None:
    now = [0.0]
    bucket = TokenBucket(2, clock=lambda: now[0])
    now[0] = 1000.0

    assert [bucket.take() for _ in range(3)] == [0.0, 0.0, 0.5]


def test_a_bucket_of_less_than_one_a_second_lets_one_pass() -> None:
    now = [0.0]
    bucket = TokenBucket(0.1, clock=lambda: now[0])

    assert bucket.take() == 0.0
    assert bucket.take() == pytest.approx(10.0)
    now[0] = 10.0
    assert bucket.take() == 0.0
