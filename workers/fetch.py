"""Fetches URLs that somebody else named: bounded, no redirects, never from forbidden addresses.

The host is resolved once and the connection goes to the address that was checked, so that a name
whose address changes in between (DNS rebinding) does not help. shared/http/fetch.py and
workers/fetch.py are the same: neither may import the other.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    import httpx

Address = IPv4Address | IPv6Address

_FORBIDDEN: Final = tuple(
    ip_network(block)
    for block in (
        *("0.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "192.0.0.0/24", "192.88.99.0/24"),
        *("198.18.0.0/15", "224.0.0.0/3", "::/128", "fe80::/10", "fec0::/10", "ff00::/8"),
        "fd00:ec2::/32",
    )
)
"""Link-local and metadata addresses, multicast, reserved: forbidden wherever we run."""
_METADATA_HOSTS: Final = ("metadata.google.internal", "metadata", "instance-data")
_SHARED: Final = ip_network("100.64.0.0/10")
_TRANSLATED: Final = ip_network("64:ff9b::/96")
_IDLE_SECONDS: Final = 2.0
_LONGEST_URL: Final = 2_000
_PORTS: Final = {"http": 80, "https": 443}


class FetchError(Exception):
    """The URL may not be fetched, or what it gives is not acceptable; the text says why."""


class UrlError(FetchError):
    """The URL may not be fetched: its form, its host or its address is refused."""


class TooLargeError(FetchError):
    """The answer has more bytes than the policy allows."""


class FetchTimeoutError(FetchError):
    """There was no complete answer in time."""


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """What may be fetched. URLs of `trusted` origins pass whatever their address is.

    `setting` is the variable that allows private addresses; `allows_shared` counts those of VPNs
    and carriers (100.64.0.0/10) among them. `keeps_connections` is for a process with one event
    loop that asks the same http:// hosts often.
    """

    allows_private: bool = False
    allows_shared: bool = False
    setting: str = "WORKERS_ALLOW_PRIVATE"
    trusted: Sequence[str] = ()
    max_bytes: int = 1 << 20
    seconds: float = 10.0
    keeps_connections: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: status, headers by lower-case name, body."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def check_url(url: str, policy: FetchPolicy) -> None:
    """Raise UrlError for a URL that is refused whatever its host resolves to."""
    parts = _split(url)
    host = _host(parts)
    if _origin(parts) in policy.trusted:
        return
    try:
        address = ip_address(host)
    except ValueError:
        if host in _METADATA_HOSTS:
            raise UrlError("The URL's host gives a machine's metadata.") from None
        if host == "localhost" or host.endswith(".localhost"):
            _check_address(ip_address("127.0.0.1"), policy)
        elif host.rpartition(".")[2].isdigit() or host.startswith("0x"):
            raise UrlError("The URL's host is a number in an unusual form.") from None
        return
    _check_address(address, policy)


async def fetch(
    url: str,
    policy: FetchPolicy,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    json: Any = None,
) -> Fetched:
    """Request the URL. Raises UrlError, FetchTimeoutError, TooLargeError; FetchError otherwise.

    A redirect is an error: the caller did not name its target.
    """
    import httpx

    check_url(url, policy)
    try:
        async with asyncio.timeout(policy.seconds):
            return await _fetch(url, policy, method, headers or {}, json)
    except (TimeoutError, httpx.TimeoutException) as exc:
        raise FetchTimeoutError(f"There was no answer within {policy.seconds:g} s.") from exc
    except httpx.InvalidURL as exc:
        raise UrlError("The URL is malformed.") from exc
    except httpx.HTTPError as exc:
        raise FetchError(f"The host cannot be reached or broke off: {type(exc).__name__}.") from exc


async def _fetch(
    url: str, policy: FetchPolicy, method: str, headers: Mapping[str, str], json: Any
) -> Fetched:
    import httpx

    parts = _split(url)
    name = _host(parts)
    address = await _resolve(parts, policy)
    port = f":{parts.port}" if parts.port and parts.port != _PORTS[parts.scheme] else ""
    target = parts._replace(netloc=f"{_bracket(str(address))}{port}", fragment="").geturl()
    sent = {"accept-encoding": "identity", **headers, "host": f"{_bracket(name)}{port}"}
    extensions = {
        "sni_hostname": name,
        "timeout": httpx.Timeout(policy.seconds).as_dict(),
    }
    request = httpx.Request(method, target, headers=sent, json=json, extensions=extensions)
    # A kept TLS connection would belong to a name, the pool only knows its address.
    if policy.keeps_connections and parts.scheme == "http":
        return await _send(_kept_transport(), request, policy)
    async with httpx.AsyncHTTPTransport(verify=_verify(parts), trust_env=False) as transport:
        return await _send(transport, request, policy)


async def _send(
    transport: "httpx.AsyncHTTPTransport", request: "httpx.Request", policy: FetchPolicy
) -> Fetched:
    """Send without a client, which would keep cookies and follow settings of the environment."""
    response = await transport.handle_async_request(request)
    try:
        if response.is_redirect:
            raise FetchError("The URL redirects; name the final one.")
        content = await _read(response, policy.max_bytes)
        names = {name.lower(): value for name, value in response.headers.items()}
        return Fetched(response.status_code, names, content)
    finally:
        await response.aclose()


@cache
def _kept_transport() -> "httpx.AsyncHTTPTransport":
    """Return the connections of this process; idle ones are closed before servers do it."""
    import httpx

    limits = httpx.Limits(
        max_connections=None, max_keepalive_connections=20, keepalive_expiry=_IDLE_SECONDS
    )
    return httpx.AsyncHTTPTransport(verify=_verify(urlsplit("http:")), limits=limits)


async def _read(response: "httpx.Response", limit: int) -> bytes:
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and len(announced) < 20 and int(announced) > limit:
        raise _too_large(limit)
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > limit:
            raise _too_large(limit)
    return bytes(content)


async def _resolve(parts: SplitResult, policy: FetchPolicy) -> Address:
    """Return the first address of the host; all of them must be allowed."""
    host, port = _host(parts), parts.port or _PORTS[parts.scheme]
    try:
        addresses = [ip_address(host)]
    except ValueError:
        addresses = await _look_up(host, port)
    if _origin(parts) not in policy.trusted:
        for address in addresses:
            _check_address(address, policy)
    return addresses[0]


async def _look_up(host: str, port: int) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise UrlError("The URL's host has no address.") from exc
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _check_address(address: Address, policy: FetchPolicy) -> None:
    real = _unwrap(address)
    if any(real.version == block.version and real in block for block in _FORBIDDEN):
        raise UrlError("The URL's address is reserved: link-local, metadata or multicast.")
    if real.version == 4 and real in _SHARED and not policy.allows_shared:
        raise UrlError("The URL's address is one of a carrier's or a VPN's.")
    if not real.is_global and not policy.allows_private:
        raise UrlError(
            f"The URL's address is private; {policy.setting}=true allows private addresses."
        )


def _unwrap(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for."""
    if isinstance(address, IPv4Address):
        return address
    is_compatible = 1 < int(address) < 1 << 32
    if is_compatible or address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _split(url: str) -> SplitResult:
    if len(url) > _LONGEST_URL:
        raise UrlError(f"The URL is longer than {_LONGEST_URL} characters.")
    if not url.isprintable() or any(char in " \\" for char in url):
        raise UrlError("The URL holds spaces, control characters or backslashes.")
    try:
        parts = urlsplit(url)
        _ = parts.port
        host = _host(parts)
    except ValueError as exc:
        raise UrlError("The URL is malformed.") from exc
    if parts.scheme not in _PORTS or not host:
        raise UrlError("The URL must begin with http:// or https:// and name a host.")
    if parts.username is not None or parts.password is not None:
        raise UrlError("The URL must not hold a name or a password.")
    return parts


def _host(parts: SplitResult) -> str:
    """Return the host as DNS knows it. Raises UnicodeError for a name that it cannot know."""
    host = (parts.hostname or "").rstrip(".")
    return host if host.isascii() else host.encode("idna").decode().lower()


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}"


def _verify(parts: SplitResult) -> Any:
    """Return the CA bundle for https; an empty context for http, which saves 40 ms."""
    import ssl

    return True if parts.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"The answer has more than {limit:,} bytes.")
