"""Where users may be sent after a link: the site, or an address that the allow list matches.

Follows supabase/auth (internal/utilities/request.go). Globs stop at `.` and `/`, except `**`.
"""

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request

from edge.emulator.auth.config import AuthConfig, ProviderConfig
from edge.emulator.auth.errors import AuthError, OAuthError

_HOST: Final = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?", re.ASCII)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_GLOB: Final = re.compile(r"\*\*|[*?]|\{[^{}]*\}|\[[^\]]*\]|\\.|.", re.DOTALL)
_MAX_LENGTH: Final = 4096
_OAUTH_ERRORS: Final = {
    400: "invalid_request",
    401: "unauthorized_client",
    403: "access_denied",
    500: "server_error",
    503: "temporarily_unavailable",
}


def choose_redirect(config: AuthConfig, request: Request, given: str = "") -> str:
    """Return the request's redirect_to or referrer if it is allowed, else the site's URL."""
    wanted = (
        given,
        request.headers.get("redirect_to", ""),
        request.query_params.get("redirect_to", ""),
        request.headers.get("referer", ""),
    )
    candidates = (url for url in wanted if url)
    first = next(candidates, "")
    if is_allowed(config, first):
        return first
    referrer = request.headers.get("referer", "")
    return referrer if is_allowed(config, referrer) else config.site_url


def callback_url(config: AuthConfig, provider: ProviderConfig) -> str:
    """Return where a provider sends users back to."""
    return provider.redirect_uri or f"{config.public_url}/callback"


def is_allowed(config: AuthConfig, url: str) -> bool:
    """Whether `url` is on the site, or matched by the allow list."""
    if not url or len(url) > _MAX_LENGTH or any(ord(char) <= 32 or char == "\\" for char in url):
        return False
    try:
        base, wanted = urlsplit(config.site_url), urlsplit(url)
        is_same_port = base.port == wanted.port
    except ValueError:
        return False
    host = wanted.hostname or ""
    if (
        (base.hostname or "") == host
        and base.scheme == wanted.scheme
        and (is_same_port or host in _LOOPBACK)
    ):
        return True
    if not _has_trustworthy_host(wanted):
        return False
    plain = url.partition("#")[0]
    return any(_compile(pattern).fullmatch(plain) is not None for pattern in config.allow_list)


def with_error(target: str, error: AuthError | OAuthError, *, is_in_query: bool) -> str:
    """Return the URL with the error in its fragment, and in its query too if `is_in_query`."""
    values: dict[str, str] = {}
    if isinstance(error, OAuthError):
        values["error"] = error.code
    else:
        if name := _OAUTH_ERRORS.get(error.status):
            values["error"] = name
        values["error_code"] = error.code
    values["error_description"] = error.message
    url = with_query(target, values) if is_in_query else target
    return with_fragment(url, values | {"sb": ""})


def with_query(url: str, values: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **values}
    return urlunsplit(parts._replace(query=urlencode(sorted(query.items()))))


def with_fragment(url: str, values: Mapping[str, str]) -> str:
    return f"{url.partition('#')[0]}#{urlencode(sorted(values.items()))}"


def _has_trustworthy_host(url: SplitResult) -> bool:
    """False for hosts that browsers and parsers read differently; IP addresses are loopback."""
    host = url.hostname or ""
    if host.isdecimal():
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        pass
    is_http = url.scheme in ("http", "https")
    return not is_http or _HOST.fullmatch(host) is not None


@lru_cache(maxsize=256)
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_translate(part) for part in _GLOB.findall(pattern)), re.DOTALL)


def _translate(part: str) -> str:
    if part == "**":
        return ".*"
    if part == "*":
        return "[^./]*"
    if part == "?":
        return "[^./]"
    if part[0] == "{" and len(part) > 1:
        options = "|".join(_compile(option).pattern for option in part[1:-1].split(","))
        return f"(?:{options})"
    if part[0] == "[" and len(part) > 1:
        inner = part[1:-1].replace("\\", "\\\\")
        negated = inner.startswith("!")
        return f"[{'^' if negated else ''}{re.escape(inner[negated:]).replace(chr(92) + '-', '-')}]"
    return re.escape(part[1:] if part[0] == "\\" and len(part) > 1 else part)
