"""Whom to trust: loading certificates takes 40 ms, which plain HTTP to a local stack can save."""

import ssl


def trust_for(url: str | None) -> ssl.SSLContext | bool:
    """What an HTTP client takes as `verify`: the usual, or nobody where TLS has no part."""
    if url is not None and url.startswith("http://"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return True
