"""How sign-in behaves: the keys, the issuer and the lifetimes, resolved once."""

from dataclasses import dataclass

from edge.tokens import Keys


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """The Supabase CLI's local defaults: no mail is sent, so an address is confirmed at once."""

    keys: Keys
    issuer: str
    access_seconds: int = 3600
    reuse_seconds: int = 10
    shortest_password: int = 6
    max_body: int = 1 << 20
