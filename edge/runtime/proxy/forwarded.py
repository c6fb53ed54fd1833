"""Tell a function who its client is: X-Forwarded-For, -Proto and -Host.

What a client says about itself is dropped unless its address is that of a proxy that was named, as
`EDGE_TRUSTED_PROXIES` (addresses or networks, separated by commas, or *). Of the addresses that
such a proxy passes on, those before the client's are dropped too.
"""

import ipaddress
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from starlette.types import Scope

from edge.runtime.proxy.upload import Header

_FOR: Final = b"x-forwarded-for"
_PROTO: Final = b"x-forwarded-proto"
_HOST: Final = b"x-forwarded-host"
_OURS: Final = frozenset((_FOR, _PROTO, _HOST, b"x-forwarded-port", b"x-real-ip", b"forwarded"))


def forwarded_headers(scope: Scope, dropped: Collection[bytes], trusted: str = "") -> list[Header]:
    """Return the headers without `dropped`, with the client's address, scheme and host."""
    address = (scope.get("client") or ("",))[0]
    is_proxy = bool(trusted) and is_trusted(address, trusted)
    given: dict[bytes, bytes] = {}
    kept: list[Header] = []
    host = b""
    for name, value in scope["headers"]:
        if name in _OURS:
            given[name] = given[name] + b", " + value if name in given else value
        elif name not in dropped:
            kept.append((name, value))
        if name == b"host":
            host = value
    if not is_proxy:
        given = {}
    before = _believed(given.pop(_FOR, b""), trusted)
    addresses = b", ".join(part for part in (*before, address.encode("latin-1")) if part)
    scheme = scope.get("scheme", "http").replace("ws", "http").encode("latin-1")
    ours = {_FOR: addresses, _PROTO: scheme, _HOST: host, **given}
    return [*kept, *((name, value) for name, value in ours.items() if value)]


def _believed(addresses: bytes, trusted: str) -> list[bytes]:
    """Return the addresses from the client's on: the last that is no trusted proxy's.

    What stands before it the client has written itself.
    """
    chain = [part.strip() for part in addresses.split(b",") if part.strip()]
    first = len(chain) - 1
    while first > 0 and is_trusted(chain[first].decode("latin-1"), trusted):
        first -= 1
    return chain[max(first, 0) :]


@lru_cache(maxsize=1024)
def is_trusted(address: str, trusted: str) -> bool:
    """Whether `address` is in the list `trusted`. Raises ValueError for a faulty list."""
    if trusted.strip() == "*":
        return True
    try:
        client = ipaddress.ip_address(address)
    except ValueError:
        return False
    networks = (ipaddress.ip_network(each.strip()) for each in trusted.split(",") if each.strip())
    return any(client in network for network in networks)
