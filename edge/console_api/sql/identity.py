"""Whom a statement runs as: a role, and the claims of its token."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

POSTGRES: Final = "postgres"
AUTHENTICATOR: Final = "authenticator"


@dataclass(frozen=True, slots=True)
class Identity:
    """A role with claims, as the data API would run its requests; `postgres` logs in itself."""

    role: str = POSTGRES
    claims: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def login(self) -> str:
        """The role that connects: never a superuser, whom `reset role` would bring back."""
        return POSTGRES if self.role == POSTGRES else AUTHENTICATOR

    def settings(self) -> dict[str, str]:
        """Return the transaction's settings that policies read."""
        if self.role == POSTGRES:
            return {}
        claims = {"role": self.role, **self.claims}
        settings = {"role": self.role, "request.jwt.claims": json.dumps(claims)}
        if isinstance(claims.get("sub"), str):
            settings["request.jwt.claim.sub"] = claims["sub"]
        return settings


def user_claims(row: dict[str, Any]) -> dict[str, Any]:
    """Return the claims that Auth would put into the token of a row of auth.users."""
    return {
        "sub": str(row["id"]),
        "aud": row.get("aud") or "authenticated",
        "role": row.get("role") or "authenticated",
        "email": row.get("email") or "",
        "phone": row.get("phone") or "",
        "app_metadata": row.get("raw_app_meta_data") or {},
        "user_metadata": row.get("raw_user_meta_data") or {},
        "aal": "aal1",
        "is_anonymous": bool(row.get("is_anonymous")),
    }
