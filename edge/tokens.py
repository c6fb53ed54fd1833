"""JSON Web Tokens: make the local stack's keys, verify whatever a caller presents.

The gateway and the emulated services share this file; `shared/auth/` does not, on purpose:
a mistake in common code would cancel out.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import jwt
from jwt import PyJWK

if TYPE_CHECKING:
    from jwt.types import Options as Checks

HMAC_ALGORITHMS = ("HS256",)
ASYMMETRIC_ALGORITHMS = ("ES256", "RS256")


_NO_CLAIM: "Checks" = {
    "verify_aud": False,
    "verify_exp": False,
    "verify_iat": False,
    "verify_jti": False,
    "verify_nbf": False,
    "verify_sub": False,
}
_TIMES_ONLY: "Checks" = {**_NO_CLAIM, "verify_exp": True, "verify_nbf": True}


class TokenFault(StrEnum):
    """Why a token was refused."""

    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"


class TokenError(Exception):
    """A token that must not be trusted; `algorithm` is what its header claims, if readable."""

    def __init__(self, fault: TokenFault, algorithm: str | None = None) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.algorithm = algorithm


@dataclass(frozen=True, slots=True)
class Keys:
    """What tokens are verified with: the shared HS256 secret, and public keys by key id."""

    secret: str | bytes
    jwks: Mapping[str, PyJWK] = field(default_factory=dict[str, PyJWK])

    @classmethod
    def load(cls, secret: str, jwks_json: str | None = None) -> "Keys":
        """Read a JWKS document; symmetric entries are left to `secret`."""
        entries = cast("list[dict[str, Any]]", json.loads(jwks_json)["keys"]) if jwks_json else []
        public = [entry for entry in entries if entry.get("kty") in {"EC", "RSA"}]
        return cls(secret, {entry.get("kid", ""): PyJWK(entry) for entry in public})


def verify(token: str, keys: Keys) -> dict[str, Any]:
    """Claims of a token signed by one of `keys`, inside its exp/nbf; nothing else is checked."""
    return _verify(token, keys, _TIMES_ONLY)


def verify_signature(token: str, keys: Keys) -> dict[str, Any]:
    """Claims of a token signed by one of `keys`, for who has rules of its own about them."""
    return _verify(token, keys, _NO_CLAIM)


def _verify(token: str, keys: Keys, checks: "Checks") -> dict[str, Any]:
    algorithm, key_id = _read_header(token)
    if algorithm in HMAC_ALGORITHMS:
        return _decode(token, keys.secret, algorithm, checks)
    if algorithm in ASYMMETRIC_ALGORITHMS:
        key = keys.jwks.get(key_id)
        if key is None:
            raise TokenError(TokenFault.SIGNATURE, algorithm)
        return _decode(token, key, algorithm, checks)
    raise TokenError(TokenFault.ALGORITHM, algorithm)


def _read_header(token: str) -> tuple[str, str]:
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, RecursionError) as exc:  # brackets in brackets, thousands deep
        raise TokenError(TokenFault.MALFORMED) from exc
    return str(header.get("alg")), str(header.get("kid", ""))


def _decode(
    token: str, key: str | bytes | PyJWK, algorithm: str, checks: "Checks"
) -> dict[str, Any]:
    try:
        return jwt.decode(token, key, algorithms=[algorithm], options=checks)
    except jwt.ExpiredSignatureError as exc:
        raise TokenError(TokenFault.EXPIRED, algorithm) from exc
    except jwt.ImmatureSignatureError as exc:
        raise TokenError(TokenFault.NOT_YET_VALID, algorithm) from exc
    except jwt.InvalidSignatureError as exc:
        raise TokenError(TokenFault.SIGNATURE, algorithm) from exc
    except (jwt.PyJWTError, RecursionError) as exc:
        raise TokenError(TokenFault.MALFORMED, algorithm) from exc


def mint(secret: str, role: str, **claims: Any) -> str:
    """An HS256 token for `role`, issued now; without `exp` in `claims` it is valid for an hour."""
    now = int(time.time())
    return jwt.encode({"role": role, "iat": now, "exp": now + 3600, **claims}, secret, "HS256")


def mint_api_key(secret: str, role: str) -> str:
    """A project's anon or service_role key: with the CLI's secret, the CLI's well-known key."""
    claims = {"iss": "supabase-demo", "role": role, "exp": 1983812996}
    return jwt.encode(claims, secret, "HS256")
