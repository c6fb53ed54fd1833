"""verify_jwt: the platform's check of a request's token before the function is called.

Order, codes and messages follow the Supabase CLI's functions main service. Only the signature and
exp/nbf are checked, so the anon key passes.
"""

from collections.abc import Iterable, Mapping

from edge.runtime.errors import (
    INVALID_API_KEY,
    INVALID_ASYMMETRIC_JWT,
    INVALID_JWT_FORMAT,
    INVALID_LEGACY_JWT,
    KEY_IS_NO_JWT,
    NO_AUTH_HEADER,
    Refusal,
    unsupported_algorithm,
)
from edge.tokens import ASYMMETRIC_ALGORITHMS, Keys, TokenError, TokenFault, verify

API_KEY_HEADER = b"sb-api-key"
_NEW_KEY_PREFIX = "sb_"


def join_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers by name, repeated ones joined by commas (RFC 9110, section 5.2).

    Otherwise the check and the function could each read another one of them.
    """
    joined: dict[bytes, bytes] = {}
    for name, value in headers:
        joined[name] = joined[name] + b", " + value if name in joined else value
    return joined


def check_request(headers: Mapping[bytes, bytes], keys: Keys) -> Refusal | None:
    """Return the refusal of a request without a valid token, None if it may pass.

    `sb-api-key` is the token that the gateway put in place of an `sb_…` key; it is used if
    Authorization holds no token.
    """
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    api_key = headers.get(API_KEY_HEADER, b"").decode("latin-1").removeprefix("Bearer ")
    if not authorization and not api_key:
        return NO_AUTH_HEADER
    token = ""
    if authorization:
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer" or not token or " " in token:
            return INVALID_JWT_FORMAT
    is_key = token.startswith(_NEW_KEY_PREFIX)
    if not token or is_key:
        token = api_key
    if not token:
        return KEY_IS_NO_JWT if is_key else INVALID_JWT_FORMAT
    if token.startswith(_NEW_KEY_PREFIX):
        return INVALID_API_KEY  # the gateway knows no token for it
    return _check_token(token, keys)


def _check_token(token: str, keys: Keys) -> Refusal | None:
    try:
        verify(token, keys)
    except TokenError as exc:
        if exc.fault is TokenFault.ALGORITHM:
            return unsupported_algorithm(exc.algorithm)
        if exc.algorithm is None:
            return INVALID_JWT_FORMAT
        is_asymmetric = exc.algorithm in ASYMMETRIC_ALGORITHMS
        return INVALID_ASYMMETRIC_JWT if is_asymmetric else INVALID_LEGACY_JWT
    return None
