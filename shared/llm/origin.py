"""Who answers at a provider's address: the same model name may mean different models elsewhere."""

from hashlib import sha256
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_OFFICIAL_HOSTS: Final = frozenset({"api.openai.com", "api.anthropic.com"})
_LOCAL_STACK_PATH: Final = "/providers/"


def origin_of(base_url: str | None) -> str:
    """`official`, `local` or `server-…`: equal only if the same service answers.

    The local stack counts as one whatever its port, which may differ from start to start. A server
    of one's own is told by a digest, since its name may be nobody else's business.
    """
    if base_url is None:
        return "official"
    url = urlsplit(base_url)
    host = (url.hostname or "").lower()
    if host in _OFFICIAL_HOSTS:
        return "official"
    if _is_loopback(host) and url.path.startswith(_LOCAL_STACK_PATH):
        return "local"
    address = f"{url.netloc.rpartition('@')[2].lower()}{url.path.rstrip('/')}"
    return f"server-{sha256(address.encode()).hexdigest()[:12]}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
