"""Guesses at an account, and of a client, are bounded; attempts that succeed are not."""

import pytest
from starlette.requests import Request

from edge.operators.attempts import (
    MOST_AT_ACCOUNT,
    MOST_BY_ADDRESS,
    WINDOW,
    Attempts,
    client_address,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_account_is_closed_for_a_while_whoever_asks() -> None:
    clock = Clock()
    attempts = Attempts(clock)
    for number in range(MOST_AT_ACCOUNT):
        assert attempts.begin(f"10.0.0.{number}", "Ann@example.com ") == 0
        clock.now += 1

    assert attempts.begin("10.1.0.1", "ann@example.com") == WINDOW - MOST_AT_ACCOUNT
    assert attempts.begin("10.1.0.1", "bob@example.com") == 0
    clock.now += WINDOW - MOST_AT_ACCOUNT
    assert attempts.begin("10.1.0.1", "ann@example.com") == 0


@pytest.mark.parametrize(
    "addresses", [["10.0.0.1"], ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"]], ids=["v4", "v6"]
)
def test_a_client_may_not_try_one_account_after_another(addresses: list[str]) -> None:
    attempts = Attempts(Clock())
    waits = [
        attempts.begin(addresses[number % len(addresses)], f"user-{number}@example.com")
        for number in range(MOST_BY_ADDRESS + 1)
    ]

    assert waits == [0] * MOST_BY_ADDRESS + [WINDOW]
    assert attempts.begin("10.9.9.9", "user-1@example.com") == 0


def test_what_is_given_back_does_not_count() -> None:
    attempts = Attempts(Clock())
    for _ in range(3 * MOST_BY_ADDRESS):
        assert attempts.begin("10.0.0.1", "ann@example.com") == 0
        attempts.give_back("10.0.0.1", "ann@example.com")


def test_many_addresses_and_accounts_take_bounded_memory() -> None:
    attempts = Attempts(Clock())
    for number in range(10_100):
        attempts.begin(f"address {number}", f"account {number}")

    kept = attempts._at_account._kept, attempts._by_address._kept  # pyright: ignore[reportPrivateUsage]
    assert [len(each) for each in kept] == [10_000, 10_000]


@pytest.mark.parametrize(
    ("trusted", "passed", "expected"),
    [
        ("", "1.2.3.4", "10.0.0.1"),
        ("10.0.0.0/8", "", "10.0.0.1"),
        ("10.0.0.0/8", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.0/8", "6.6.6.6, 1.2.3.4, 10.0.0.7", "1.2.3.4"),
        ("192.168.0.1", "1.2.3.4", "10.0.0.1"),
        ("*", "1.2.3.4", "1.2.3.4"),
    ],
)
def test_only_a_trusted_proxy_names_the_client(trusted: str, passed: str, expected: str) -> None:
    headers = [(b"x-forwarded-for", passed.encode())] if passed else []
    scope = {"type": "http", "client": ("10.0.0.1", 5), "headers": headers}

    assert client_address(Request(scope), trusted) == expected
