"""A person who can sign in, as stored and as clients read it (supabase/auth, models/user.go)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4


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


def email_profile(user_id: UUID, email: str, *, is_verified: bool) -> dict[str, Any]:
    """What the e-mail provider knows of a person: identity data, and the first user metadata."""
    return {
        "sub": str(user_id),
        "email": email,
        "email_verified": is_verified,
        "phone_verified": False,
    }


def merge_metadata(stored: Mapping[str, Any], change: Mapping[str, Any] | None) -> dict[str, Any]:
    """The change's keys replace the stored ones; a null removes its key."""
    merged = {**stored, **(change or {})}
    return {key: value for key, value in merged.items() if value is not None}


def render_user(user: User) -> dict[str, Any]:
    """As GoTrue answers it: times that never were are left out."""
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
