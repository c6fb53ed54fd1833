"""Token buckets: requests of one client address, and mails and text messages of the project.

Follows supabase/auth (internal/api/apilimiter, internal/ratelimit).
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.errors import EMAIL_LIMIT, REQUEST_LIMIT, SMS_LIMIT

_FIVE_MINUTES: Final = 300.0
_HOUR: Final = 3600.0
_MINUTE: Final = 60.0
_BURST: Final = 30.0
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
        level, since = self._levels.pop(key, (self.burst, now))
        level = min(self.burst, level + (now - since) * self.per_second)
        allowed = level >= 1
        self._levels[key] = (level - 1 if allowed else level, now)
        if len(self._levels) > _MAX_CLIENTS:
            self._levels.popitem(last=False)
        return allowed


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

    def check_mail(self) -> None:
        if self._counts_mails and not self._mails.take(""):
            raise EMAIL_LIMIT.error()

    def check_text(self) -> None:
        if self._counts_texts and not self._texts.take(""):
            raise SMS_LIMIT.error()

    def _key(self, request: Request) -> str:
        if self._header:
            return request.headers.get(self._header, "").partition(",")[0].strip()
        if self._by_address and request.client:
            return request.client.host
        return ""
