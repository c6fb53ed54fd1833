"""JSON Web Tokens: make the local stack's keys, verify whatever a caller presents.

The gateway and the emulated services share this file; `shared/auth/` does not, on purpose:
a mistake in common code would cancel out.

PyJWT and the cryptography behind it are imported with the first token: a process that is starting
serves sooner (`prepare`).
"""

import importlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from jwt import PyJWK
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
_MOST_REMEMBERED = 1000
LONGEST = 64 * 1024
"""Of a token: no header holds a longer one, and no event loop waits for one to be decoded."""
_LONGEST_REMEMBERED = 4096


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
class _Signed:
    """A token that one of the keys has signed."""

    algorithm: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Keys:
    """What tokens are verified with: the shared HS256 secret, and public keys by key id."""

    secret: str | bytes
    jwks: "Mapping[str, PyJWK]" = field(default_factory=dict[str, "PyJWK"])
    signed: dict[str, "_Signed"] = field(
        default_factory=dict[str, "_Signed"], init=False, repr=False, compare=False
    )
    """Tokens whose signature was found valid; bounded."""

    @classmethod
    def load(cls, secret: str, jwks_json: str | None = None) -> "Keys":
        """Read a JWKS document; symmetric entries are left to `secret`."""
        entries = cast("list[dict[str, Any]]", json.loads(jwks_json)["keys"]) if jwks_json else []
        public = [entry for entry in entries if entry.get("kty") in {"EC", "RSA"}]
        if not public:
            return cls(secret)
        from jwt import PyJWK

        return cls(secret, {entry.get("kid", ""): PyJWK(entry) for entry in public})


def verify(token: str, keys: Keys) -> dict[str, Any]:
    """Claims of a token signed by one of `keys`, inside its exp/nbf; nothing else is checked."""
    signed = _find_signed(token, keys)
    _check_times(signed)
    return {**signed.claims}


def verify_signature(token: str, keys: Keys) -> dict[str, Any]:
    """Claims of a token signed by one of `keys`, for who has rules of its own about them."""
    return {**_find_signed(token, keys).claims}


def _find_signed(token: str, keys: Keys) -> _Signed:
    """Verify the signature: of a token that comes again, once."""
    if len(token) > LONGEST:
        raise TokenError(TokenFault.MALFORMED)
    signed = keys.signed.get(token)
    if signed is None:
        signed = _verify_signed(token, keys)
        if len(token) <= _LONGEST_REMEMBERED:
            if len(keys.signed) >= _MOST_REMEMBERED:
                keys.signed.clear()
            keys.signed[token] = signed
    return signed


def _verify_signed(token: str, keys: Keys) -> _Signed:
    algorithm, key_id = _read_header(token)
    if algorithm in HMAC_ALGORITHMS:
        return _decode(token, keys.secret, algorithm)
    if algorithm in ASYMMETRIC_ALGORITHMS:
        key = keys.jwks.get(key_id)
        if key is None:
            raise TokenError(TokenFault.SIGNATURE, algorithm)
        return _decode(token, key, algorithm)
    raise TokenError(TokenFault.ALGORITHM, algorithm)


def _check_times(signed: _Signed) -> None:
    now = time.time()
    try:
        if "nbf" in signed.claims and int(signed.claims["nbf"]) > now:
            raise TokenError(TokenFault.NOT_YET_VALID, signed.algorithm)
        if "exp" in signed.claims and int(signed.claims["exp"]) <= now:
            raise TokenError(TokenFault.EXPIRED, signed.algorithm)
    except (TypeError, ValueError, OverflowError) as exc:
        raise TokenError(TokenFault.MALFORMED, signed.algorithm) from exc


def prepare() -> None:
    """Import what verifies tokens, which takes a tenth of a second; in a thread, for example."""
    importlib.import_module("jwt")


def _read_header(token: str) -> tuple[str, str]:
    import jwt

    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, RecursionError) as exc:  # brackets in brackets, thousands deep
        raise TokenError(TokenFault.MALFORMED) from exc
    return str(header.get("alg")), str(header.get("kid", ""))


def _decode(token: str, key: "str | bytes | PyJWK", algorithm: str) -> _Signed:
    import jwt

    try:
        claims = jwt.decode(token, key, algorithms=[algorithm], options=_NO_CLAIM)
    except jwt.InvalidSignatureError as exc:
        raise TokenError(TokenFault.SIGNATURE, algorithm) from exc
    except (jwt.PyJWTError, RecursionError) as exc:
        raise TokenError(TokenFault.MALFORMED, algorithm) from exc
    return _Signed(algorithm, claims)


def mint(secret: str, role: str, **claims: Any) -> str:
    """An HS256 token for `role`, issued now; without `exp` in `claims` it is valid for an hour."""
    import jwt

    now = int(time.time())
    return jwt.encode({"role": role, "iat": now, "exp": now + 3600, **claims}, secret, "HS256")


def mint_api_key(secret: str, role: str) -> str:
    """A project's anon or service_role key: with the CLI's secret, the CLI's well-known key."""
    import jwt

    claims = {"iss": "supabase-demo", "role": role, "exp": 1983812996}
    return jwt.encode(claims, secret, "HS256")
