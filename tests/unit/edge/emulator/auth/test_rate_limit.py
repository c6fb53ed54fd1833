"""Failed attempts of a client address, at one account and at all."""

from collections.abc import Callable

import pytest
from starlette.requests import Request

from edge.emulator.auth.config import AuthConfig, RateLimits
from edge.emulator.auth.errors import LOGIN_INVALID, AuthError
from edge.emulator.auth.rate_limit import RateLimiter
from edge.signing import SigningKeys


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def limiter(clock: Callable[[], float], **limits: float) -> RateLimiter:
    keys = SigningKeys("a-secret-of-at-least-thirty-two-characters")
    return RateLimiter(AuthConfig(keys, "http://auth", rate_limits=RateLimits(**limits)), clock)  # pyright: ignore[reportArgumentType]


def request(address: str = "192.0.2.1") -> Request:
    return Request({"type": "http", "headers": [], "client": (address, 1)})


def fail(limits: RateLimiter, account: str, address: str = "192.0.2.1") -> str:
    """Make an attempt that fails; the code of the error that comes of it."""
    try:
        with limits.attempt(request(address), "sign_in", account):
            raise LOGIN_INVALID.error()
    except AuthError as exc:
        return exc.code


def test_attempts_come_back_with_time() -> None:
    clock = Clock()
    limits = limiter(clock, sign_in=30)

    assert {fail(limits, "ann") for _ in range(30)} == {"invalid_credentials"}
    assert fail(limits, " ANN ") == "over_request_rate_limit"
    clock.now += 10
    assert fail(limits, "ann") == "invalid_credentials"
    assert fail(limits, "ann") == "over_request_rate_limit"


def test_many_accounts_of_one_address_are_limited_together() -> None:
    limits = limiter(Clock())

    codes = [fail(limits, f"user{number}") for number in range(301)]

    assert codes == ["invalid_credentials"] * 300 + ["over_request_rate_limit"]
    assert fail(limits, "user", "192.0.2.2") == "invalid_credentials"


def test_only_failures_of_the_attempt_itself_count() -> None:
    limits = limiter(Clock())

    for _ in range(100):
        with limits.attempt(request(), "sign_in", "ann"):
            pass
        with (
            pytest.raises(ConnectionError),
            limits.attempt(request(), "sign_in", "ann"),
        ):
            raise ConnectionError

    assert fail(limits, "ann") == "invalid_credentials"
