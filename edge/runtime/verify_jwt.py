"""verify_jwt: the platform's check of a request before a function sees it.

Order, codes and messages follow the Supabase CLI's functions main service; only the signature and
exp/nbf count, so the anon key passes.
"""

from collections.abc import Mapping

from edge.runtime.errors import (
    INVALID_ASYMMETRIC_JWT,
    INVALID_JWT_FORMAT,
    INVALID_LEGACY_JWT,
    NO_AUTH_HEADER,
    Refusal,
    unsupported_algorithm,
)
from edge.tokens import ASYMMETRIC_ALGORITHMS, Keys, TokenError, TokenFault, verify

API_KEY_HEADER = b"sb-api-key"
_NEW_KEY_PREFIX = "sb_"


def check_request(headers: Mapping[bytes, bytes], keys: Keys) -> Refusal | None:
    """None when the request may pass, else what to answer.

    `sb-api-key` is what the gateway made of an `sb_…` key; it counts when Authorization holds
    no token of its own.
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
    if not token or token.startswith(_NEW_KEY_PREFIX):
        token = api_key
    if not token:
        return INVALID_JWT_FORMAT
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
