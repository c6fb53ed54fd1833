"""Failed sign-ins, counted by client address and by account, to limit guessing of passwords."""

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from edge.runtime.proxy.forwarded import is_trusted

WINDOW: Final = 900.0
MOST_AT_ACCOUNT: Final = 10
MOST_BY_ADDRESS: Final = 30
_MOST_KEPT: Final = 10_000
_IPV6_NETWORK: Final = 64


@dataclass(slots=True)
class _Window:
    """The moments of the last attempts by key."""

    most: int
    clock: Callable[[], float]
    _kept: OrderedDict[str, deque[float]] = field(
        default_factory=OrderedDict[str, deque[float]], init=False
    )

    def wait(self, key: str) -> float:
        """Return the seconds until there may be another attempt."""
        moments = self._recent(key)
        return moments[0] + WINDOW - self.clock() if len(moments) >= self.most else 0.0

    def add(self, key: str) -> None:
        moments = self._recent(key)
        moments.append(self.clock())
        self._kept[key] = moments
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def give_back(self, key: str) -> None:
        if moments := self._kept.get(key):
            moments.pop()
            if not moments:
                del self._kept[key]

    def _recent(self, key: str) -> deque[float]:
        moments, until = self._kept.get(key, deque[float]()), self.clock() - WINDOW
        while moments and moments[0] <= until:
            moments.popleft()
        return moments


@dataclass(slots=True)
class Attempts:
    """Counts attempts from their beginning, so that many at once count too."""

    clock: Callable[[], float] = time.monotonic
    _at_account: _Window = field(init=False)
    _by_address: _Window = field(init=False)

    def __post_init__(self) -> None:
        self._at_account = _Window(MOST_AT_ACCOUNT, self.clock)
        self._by_address = _Window(MOST_BY_ADDRESS, self.clock)

    def begin(self, address: str, account: str) -> float:
        """Count an attempt; returns 0, or the seconds to wait before it may be made."""
        address, account = _network(address), _plain(account)
        wait = max(self._at_account.wait(account), self._by_address.wait(address))
        if not wait:
            self._at_account.add(account)
            self._by_address.add(address)
        return wait

    def give_back(self, address: str, account: str) -> None:
        """Take back an attempt that did not fail."""
        self._at_account.give_back(_plain(account))
        self._by_address.give_back(_network(address))


def client_address(request: Request, trusted_proxies: str) -> str:
    """Return the client's address: the last one in the chain that is no trusted proxy's."""
    direct = request.client.host if request.client else ""
    passed = request.headers.getlist("x-forwarded-for")
    addresses = [each.strip() for each in ",".join([*passed, direct]).split(",")]
    while len(addresses) > 1 and trusted_proxies and is_trusted(addresses[-1], trusted_proxies):
        addresses.pop()
    return addresses[-1]


def _network(address: str) -> str:
    """Return the address, or of IPv6 the network that one client mostly has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, _IPV6_NETWORK), strict=False))
    return str(found)


def _plain(account: str) -> str:
    return account.strip().casefold()[:320]
