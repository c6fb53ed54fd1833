"""A user as stored and as clients read it. Follows supabase/auth (internal/models/user.go)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from edge.emulator.auth.errors import EMAIL_INVALID

_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_ADDRESS: Final = re.compile(
    rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*", re.ASCII
)
_MAX_EMAIL_LENGTH: Final = 255


@dataclass(frozen=True, slots=True)
class User:
    """A row of auth.users and its identities."""

    email: str | None
    id: UUID = field(default_factory=uuid4)
    aud: str = "authenticated"
    role: str = "authenticated"
    phone: str | None = None
    encrypted_password: str | None = None
    email_confirmed_at: datetime | None = None
    phone_confirmed_at: datetime | None = None
    confirmed_at: datetime | None = None
    last_sign_in_at: datetime | None = None
    banned_until: datetime | None = None
    raw_app_meta_data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    raw_user_meta_data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    is_anonymous: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    identities: Sequence[Mapping[str, Any]] = ()

    def is_banned(self, now: datetime) -> bool:
        return self.banned_until is not None and now < self.banned_until


def parse_email(text: str) -> str:
    """Return the address in lower case, as it is stored; raises validation_failed if invalid."""
    if len(text) > _MAX_EMAIL_LENGTH or not _ADDRESS.fullmatch(text):
        raise EMAIL_INVALID.error()
    return text.lower()


def email_profile(user_id: UUID, email: str, *, is_verified: bool) -> dict[str, Any]:
    """Return the e-mail provider's identity data, which is also the initial user metadata."""
    return {
        "sub": str(user_id),
        "email": email,
        "email_verified": is_verified,
        "phone_verified": False,
    }


def merge_metadata(stored: Mapping[str, Any], change: Mapping[str, Any] | None) -> dict[str, Any]:
    """Replace the stored keys by those of `change`; a null removes its key."""
    merged = {**stored, **(change or {})}
    return {key: value for key, value in merged.items() if value is not None}


def render_user(user: User) -> dict[str, Any]:
    """Render the user object of GoTrue's responses, without the timestamps that are null."""
    times = {
        "email_confirmed_at": user.email_confirmed_at,
        "phone_confirmed_at": user.phone_confirmed_at,
        "confirmed_at": user.confirmed_at,
        "last_sign_in_at": user.last_sign_in_at,
        "banned_until": user.banned_until,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }
    return {
        "id": str(user.id),
        "aud": user.aud,
        "role": user.role,
        "email": user.email or "",
        "phone": user.phone or "",
        "app_metadata": dict(user.raw_app_meta_data),
        "user_metadata": dict(user.raw_user_meta_data),
        "identities": [dict(identity) for identity in user.identities],
        "is_anonymous": user.is_anonymous,
    } | {name: render_time(time) for name, time in times.items() if time}


def render_time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
