"""Tokens and keys to authenticate with."""

import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from shared.env import SupabaseEnv

USER = "6f1c3f0e-6a57-4f9b-8f1e-3d2c6c9d7a10"


@dataclass
class Project:
    """A project with one shared secret and one signing key."""

    url: str = "http://127.0.0.1:1"
    secret: str = "a-secret-of-at-least-thirty-two-characters"
    signing_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def env(self) -> SupabaseEnv:
        return SupabaseEnv(
            self.url,
            publishable_keys=("sb_publishable_a", self.legacy("anon")),
            secret_keys=("sb_secret_a", self.legacy("service_role")),
            jwks=json.dumps({"keys": [self.oct_key, self.ec_key]}),
        )

    @property
    def oct_key(self) -> dict[str, Any]:
        secret = urlsafe_b64encode(self.secret.encode()).rstrip(b"=").decode()
        return {"kty": "oct", "k": secret, "alg": "HS256"}

    @property
    def ec_key(self) -> dict[str, Any]:
        public = ECAlgorithm.to_jwk(self.signing_key.public_key(), as_dict=True)
        return {**public, "kid": "signing", "alg": "ES256"}

    def legacy(self, role: str) -> str:
        return jwt.encode({"role": role, "exp": 1983812996}, self.secret, "HS256")

    def token(self, secret: str | None = None, **claims: Any) -> str:
        return jwt.encode(self.claims(**claims), secret or self.secret, "HS256")

    def signed(self, key: ec.EllipticCurvePrivateKey | None = None, **claims: Any) -> str:
        headers = {"kid": "signing"}
        return jwt.encode(self.claims(**claims), key or self.signing_key, "ES256", headers)

    def claims(self, **claims: Any) -> dict[str, Any]:
        now = int(time.time())
        base = {"sub": USER, "role": "authenticated", "aud": "authenticated", "exp": now + 60}
        return {key: value for key, value in {**base, **claims}.items() if value is not None}


@pytest.fixture(scope="session")
def project() -> Project:
    return Project()
