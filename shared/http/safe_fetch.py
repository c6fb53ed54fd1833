"""Fetches a URL that a user or a worker gave: public addresses only, no redirects, bounded.

The name is resolved once, and the connection goes to the address that was checked, so that a name
which resolves differently a moment later leads nowhere else.
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from shared.errors import BadInputError

_PORTS: Final = {"http": 80, "https": 443}
# What no setting allows: link-local addresses hold the metadata of cloud machines.
_METADATA_HOSTS: Final = ("metadata.google.internal", "metadata", "instance-data")


class UnsafeUrlError(BadInputError):
    """The URL may not be called."""

    default_code = "URL_NOT_ALLOWED"


class FetchError(BadInputError):
    """The URL may be called, but does not answer with a file that can be used."""

    default_code = "FETCH_FAILED"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL whose host is an address, with the name that it stands for."""

    url: str
    host: str
    is_tls: bool

    @property
    def headers(self) -> dict[str, str]:
        return {"host": self.host}

    @property
    def extensions(self) -> dict[str, Any]:
        """The name that TLS checks the certificate for."""
        return {"sni_hostname": self.host.rsplit(":", 1)[0].strip("[]")} if self.is_tls else {}


async def resolve_target(url: str, *, allow_private: bool = False) -> Target:
    """Check a URL and resolve its host. Raises UnsafeUrlError."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        raise UnsafeUrlError("The URL is not valid.") from None
    if parts.scheme not in _PORTS or not host or not url.isprintable() or len(url) > 2000:
        raise UnsafeUrlError("The URL must be http:// or https://, with a host.")
    if parts.username is not None or parts.password is not None:
        raise UnsafeUrlError("The URL must have no user name or password.")
    if host in _METADATA_HOSTS:
        raise UnsafeUrlError("The URL leads to an address that may not be called.")
    address = await _resolve(host, port, allow_private)
    literal = f"[{address}]" if ":" in address else address
    fixed = urlunsplit((parts.scheme, f"{literal}:{port}", parts.path or "/", parts.query, ""))
    shown = f"[{host}]" if ":" in host else host
    is_usual = port == _PORTS[parts.scheme]
    return Target(fixed, shown if is_usual else f"{shown}:{port}", parts.scheme == "https")


async def fetch(url: str, *, most: int, seconds: float, allow_private: bool = False) -> bytes:
    """Return the body. Raises UnsafeUrlError, and FetchError for an answer that is of no use."""
    import httpx

    target = await resolve_target(url, allow_private=allow_private)
    try:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(timeout=seconds, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "GET", target.url, headers=target.headers, extensions=target.extensions
            ) as response,
        ):
            if response.is_redirect:
                raise FetchError("The URL redirects: give the final one.")
            if response.status_code != 200:
                raise FetchError(f"The URL answers with status {response.status_code}.")
            return await _read(response, most)
    except TimeoutError:
        raise FetchError(f"The URL took longer than {seconds:g} s.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise FetchError(f"The URL cannot be read: {type(exc).__name__}.") from exc


async def _read(response: Any, most: int) -> bytes:
    announced = response.headers.get("content-length", "")
    body = bytearray()
    if not (announced.isdigit() and int(announced) > most):
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > most:
                break
        else:
            return bytes(body)
    raise FetchError(f"The file is larger than {most >> 20} MB.", code="FILE_TOO_LARGE")


async def _resolve(host: str, port: int, allow_private: bool) -> str:
    """Return an address of the host. Raises UnsafeUrlError if any of them may not be called."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnsafeUrlError("The host of the URL cannot be found.") from None
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not addresses or not all(is_callable_address(each, allow_private) for each in addresses):
        raise UnsafeUrlError("The URL leads to an address that may not be called.")
    return addresses[0]


def is_callable_address(address: str, allow_private: bool) -> bool:
    """Return whether an address is public; link-local and unspecified ones are never called."""
    ip: Any = ipaddress.ip_address(address)
    mapped = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    ip = mapped or ip
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    return bool(ip.is_global) or (allow_private and (ip.is_private or ip.is_loopback))
