"""Verifying a token against a JSON Web Key Set."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Any, Final, cast

import jwt

from shared.errors import ConfigurationError

_KEY_TYPE_OF: Final = {"HS256": "oct", "ES256": "EC", "RS256": "RSA"}
_SIGNATURE_AND_TIME: Final[Any] = {"verify_aud": False, "verify_iat": False}
# Brackets in brackets, thousands deep, are a RecursionError.
_UNREADABLE: Final = (jwt.PyJWTError, ValueError, RecursionError)

_MOST_REMEMBERED: Final = 1000
_LONGEST_REMEMBERED: Final = 4096

Claims = Mapping[str, Any]


class Verdict(Enum):
    """Why there are no claims."""

    INVALID = auto()
    NO_KEY = auto()  # the set holds no key that could have signed this: somebody else must judge


@dataclass(frozen=True, slots=True)
class _Header:
    algorithm: str
    key_id: str | None


@dataclass(frozen=True, slots=True)
class _Valid:
    claims: str
    """As JSON: each caller has claims of its own, which it may change."""
    expires_at: float


_valid: Final[dict[tuple[str, str], _Valid]] = {}
"""Tokens of a key set that were found valid; bounded."""


def verify(token: str, jwks_json: str) -> Claims | Verdict:
    """Return the claims of a token signed by a key of the set and valid now.

    A token that comes again is not verified again before it expires.
    """
    found = _valid.get((token, jwks_json))
    if found and time.time() < found.expires_at:
        return json.loads(found.claims)
    claims = _verify(token, jwks_json)
    if isinstance(claims, dict) and "exp" in claims and len(token) <= _LONGEST_REMEMBERED:
        if len(_valid) >= _MOST_REMEMBERED:
            _valid.clear()
        _valid[token, jwks_json] = _Valid(json.dumps(claims), int(claims["exp"]))
    return claims


def _verify(token: str, jwks_json: str) -> Claims | Verdict:
    header = _read_header(token)
    if header is None:
        return Verdict.INVALID
    keys = [key for key in _load_keys(jwks_json) if _may_have_signed(key, header)]
    if not keys:
        return Verdict.NO_KEY
    for key in keys:
        try:
            return jwt.decode(
                token, key.key, algorithms=[header.algorithm], options=_SIGNATURE_AND_TIME
            )
        except jwt.InvalidSignatureError:
            continue
        except _UNREADABLE:
            return Verdict.INVALID
    return Verdict.INVALID


def read_unverified(token: str) -> Claims:
    """Decode the claims of a token that was verified elsewhere."""
    return jwt.decode(token, options={"verify_signature": False})


def _read_header(token: str) -> _Header | None:
    try:
        header = jwt.get_unverified_header(token)
    except _UNREADABLE:
        return None
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in _KEY_TYPE_OF:
        return None
    key_id = header.get("kid")
    return _Header(algorithm, key_id if isinstance(key_id, str) else None)


def _may_have_signed(key: jwt.PyJWK, header: _Header) -> bool:
    """Return the algorithms of a key, by its own type and never by the token alone."""
    if key.key_type != _KEY_TYPE_OF[header.algorithm]:
        return False
    return header.key_id is None or key.key_id is None or key.key_id == header.key_id


@lru_cache(maxsize=4)
def _load_keys(jwks_json: str) -> tuple[jwt.PyJWK, ...]:
    if not jwks_json:
        return ()
    try:
        entries = cast("list[dict[str, Any]]", json.loads(jwks_json)["keys"])
        usable = [entry for entry in entries if entry.get("kty") in _KEY_TYPE_OF.values()]
        return tuple(_load_key(entry) for entry in usable)
    except (ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError) as exc:
        raise ConfigurationError("SUPABASE_JWKS is not a JSON Web Key Set") from exc


def _load_key(entry: dict[str, Any]) -> jwt.PyJWK:
    return jwt.PyJWK(entry, "HS256" if entry["kty"] == "oct" else None)
