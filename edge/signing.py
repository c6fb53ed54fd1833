"""The JSON Web Keys that the auth service signs users' tokens with, and what verifies them.

Follows supabase/auth (internal/conf/jwk.go) and the Supabase CLI, whose local key is well known.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, cast

import jwt
from jwt import PyJWK

from edge.errors import EdgeError
from edge.tokens import Keys

Jwk = Mapping[str, Any]

LOCAL_SIGNING_KEY: Final[Jwk] = {
    "kty": "EC",
    "kid": "b81269f1-21d8-4f2e-b719-c2240a840d90",
    "use": "sig",
    "key_ops": ["sign", "verify"],
    "alg": "ES256",
    "ext": True,
    "crv": "P-256",
    "x": "M5Sjqn5zwC9Kl1zVfUUGvv9boQjCGd45G8sdopBExB4",
    "y": "P6IXMvA2WYXSHSOMTBH2jsw_9rrzGy89FjPf6oOsIxQ",
    "d": "dIhR8wywJlqlua4y_yMq2SLhlFXDZJBCvFrY1DCHyVU",
}
"""The Supabase CLI's key for local projects (supabase/cli, pkg/config): no secret."""

_PRIVATE: Final = ("d", "p", "q", "dp", "dq", "qi")


@dataclass(frozen=True)
class SigningKeys:
    """The project's HS256 secret, and its JSON Web Keys; the first that may sign signs.

    Without keys tokens are signed with the secret.
    """

    secret: str
    jwks: tuple[Jwk, ...] = field(default=())

    @cached_property
    def verification(self) -> Keys:
        """The keys to verify tokens with."""
        return Keys.load(self.secret, json.dumps(self.public_document()))

    def verification_of(self, token: str) -> Keys:
        """Return the keys to verify `token` with: a symmetric key is chosen by its id."""
        secrets = self._symmetric
        if not secrets:
            return self.verification
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid", ""))
        except (jwt.PyJWTError, RecursionError):
            return self.verification
        secret = secrets.get(key_id)
        return replace(self.verification, secret=secret) if secret else self.verification

    def sign(self, claims: Mapping[str, Any]) -> str:
        key, algorithm, key_id = self._signer
        headers = {"kid": key_id} if key_id else None
        return jwt.encode(dict(claims), key, algorithm, headers=headers)

    def public_document(self, *, with_secret: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Return the JWKS document; `with_secret` adds the symmetric key, for services."""
        entries = [_public(key) for key in self.jwks if key.get("kty") != "oct"]
        if with_secret:
            encoded = urlsafe_b64encode(self.secret.encode()).rstrip(b"=").decode()
            entries.append({"kty": "oct", "alg": "HS256", "k": encoded})
        return {"keys": entries}

    @cached_property
    def _symmetric(self) -> dict[str, bytes]:
        keys = (key for key in self.jwks if key.get("kty") == "oct")
        return {str(key.get("kid", "")): PyJWK(dict(key)).key for key in keys}

    @cached_property
    def _signer(self) -> tuple[Any, str, str]:
        for key in self.jwks:
            if "sign" in key.get("key_ops", ("sign",)):
                parsed = PyJWK(dict(key))
                return parsed.key, parsed.algorithm_name, str(key.get("kid", ""))
        return self.secret, "HS256", ""


def parse_signing_keys(text: str, source: str) -> tuple[Jwk, ...]:
    """Parse a JSON array of private JWKs; raises EdgeError naming `source`."""
    try:
        keys: Any = json.loads(text)
        found = cast("list[dict[str, Any]]", keys if isinstance(keys, list) else None)
        entries = [dict(key) for key in found]
        for key in entries:
            PyJWK(key)
    except (ValueError, TypeError, AttributeError, jwt.PyJWTError) as exc:
        raise EdgeError(
            f"{source} is not a list of JSON Web Keys: {exc}",
            cure="Make one with: supabase gen signing-key --algorithm ES256",
        ) from exc
    return tuple(entries)


def _public(key: Jwk) -> dict[str, Any]:
    public = {name: value for name, value in key.items() if name not in _PRIVATE}
    return public | {"use": "sig", "key_ops": ["verify"]}
