"""Token buckets: requests of one client address, and mails and text messages of the project.

Follows supabase/auth (internal/api/apilimiter, internal/ratelimit).
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.errors import EMAIL_LIMIT, REQUEST_LIMIT, SMS_LIMIT, AuthError

_FIVE_MINUTES: Final = 300.0
_HOUR: Final = 3600.0
_MINUTE: Final = 60.0
_BURST: Final = 30.0
_ACCOUNTS: Final = 10  # as many failed attempts at all accounts together as at one, times this
_MAX_CLIENTS: Final = 10_000


@dataclass(slots=True)
class _Buckets:
    """A bucket for each key: `burst` events at once, refilled at `per_second`."""

    per_second: float
    burst: float
    clock: Callable[[], float]
    _levels: OrderedDict[str, tuple[float, float]] = field(
        default_factory=OrderedDict[str, tuple[float, float]]
    )

    def take(self, key: str) -> bool:
        now = self.clock()
        level = self._level(key, now)
        self._levels.pop(key, None)
        allowed = level >= 1
        self._levels[key] = (level - 1 if allowed else level, now)
        if len(self._levels) > _MAX_CLIENTS:
            self._levels.popitem(last=False)
        return allowed

    def give_back(self, key: str) -> None:
        if key in self._levels:
            level, since = self._levels[key]
            self._levels[key] = (min(self.burst, level + 1), since)

    def _level(self, key: str, now: float) -> float:
        level, since = self._levels.get(key, (self.burst, now))
        return min(self.burst, level + (now - since) * self.per_second)


@dataclass(slots=True)
class _Attempts:
    """Failed attempts of a client address: at each account, and at all together."""

    at_account: _Buckets
    at_all: _Buckets

    def begin(self, address: str, account: str) -> bool:
        """Take an attempt; it counts until it is given back, so that many at once count too."""
        return self.at_account.take(f"{address} {account}") and self.at_all.take(address)

    def give_back(self, address: str, account: str) -> None:
        self.at_account.give_back(f"{address} {account}")
        self.at_all.give_back(address)


class RateLimiter:
    """The service's limits; which apply is in the settings."""

    def __init__(self, config: AuthConfig, clock: Callable[[], float] = time.monotonic) -> None:
        limits = config.rate_limits
        self._header = limits.header
        self._by_address = limits.by_address
        self._requests = {
            "sign_in": _Buckets(limits.sign_in / _FIVE_MINUTES, _BURST, clock),
            "refresh": _Buckets(limits.refresh / _FIVE_MINUTES, _BURST, clock),
            "verify": _Buckets(limits.verify / _FIVE_MINUTES, _BURST, clock),
            "anonymous": _Buckets(limits.anonymous / _HOUR, limits.anonymous, clock),
            "mfa": _Buckets(limits.mfa / _MINUTE, _BURST, clock),
        }
        self._limits_attempts = limits.attempts
        self._attempts = {
            "sign_in": _make_attempts(limits.sign_in / _FIVE_MINUTES, clock),
            "verify": _make_attempts(limits.verify / _FIVE_MINUTES, clock),
            "mfa": _make_attempts(limits.mfa / _MINUTE, clock),
        }
        mails, texts = config.mail.sent_per_hour, config.sms.sent_per_hour
        self._mails = _Buckets(mails / _HOUR, mails, clock)
        self._texts = _Buckets(texts / _HOUR, texts, clock)
        self._counts_mails = not config.mail.autoconfirm or mails < 1
        self._counts_texts = not config.sms.autoconfirm

    def check_request(self, request: Request, kind: str) -> None:
        """Raise over_request_rate_limit if the client's bucket is empty."""
        key = self._key(request)
        if key and not self._requests[kind].take(key):
            raise REQUEST_LIMIT.error()

    @contextmanager
    def attempt(self, request: Request, kind: str, account: str) -> Generator[None]:
        """Raise over_request_rate_limit after too many failures; an AuthError inside is one."""
        address = self._address(request)
        if not self._limits_attempts or not address:
            yield
            return
        attempts, account = self._attempts[kind], account.strip().lower()
        if not attempts.begin(address, account):
            raise REQUEST_LIMIT.error()
        try:
            yield
        except AuthError:
            raise
        except BaseException:
            attempts.give_back(address, account)
            raise
        attempts.give_back(address, account)

    def check_mail(self) -> None:
        if self._counts_mails and not self._mails.take(""):
            raise EMAIL_LIMIT.error()

    def check_text(self) -> None:
        if self._counts_texts and not self._texts.take(""):
            raise SMS_LIMIT.error()

    def _key(self, request: Request) -> str:
        return self._address(request) if self._header or self._by_address else ""

    def _address(self, request: Request) -> str:
        if self._header:
            return request.headers.get(self._header, "").partition(",")[0].strip()
        return request.client.host if request.client else ""


def _make_attempts(per_second: float, clock: Callable[[], float]) -> _Attempts:
    return _Attempts(
        _Buckets(per_second, _BURST, clock),
        _Buckets(per_second * _ACCOUNTS, _BURST * _ACCOUNTS, clock),
    )
