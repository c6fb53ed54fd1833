"""Settings of the auth service: keys, issuer, lifetimes and limits."""

from dataclasses import dataclass

from edge.tokens import Keys


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """Settings; the defaults are the Supabase CLI's. `max_body` is in bytes."""

    keys: Keys
    issuer: str
    access_seconds: int = 3600
    reuse_seconds: int = 10
    min_password_length: int = 6
    max_body: int = 1 << 20
