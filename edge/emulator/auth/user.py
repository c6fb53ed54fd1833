"""A user as stored and as clients read it. Follows supabase/auth (internal/models/user.go)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from edge.emulator.auth.errors import (
    EMAIL_INVALID,
    EMAIL_MISSING,
    EMAIL_TOO_LONG,
    PHONE_INVALID,
)

Metadata = Mapping[str, Any]

_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_ADDRESS: Final = re.compile(
    rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*", re.ASCII
)
_MAX_EMAIL_LENGTH: Final = 255
_E164: Final = re.compile(r"[1-9][0-9]{1,14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class User:
    """A row of auth.users with its identities and second factors; absent texts are empty."""

    id: UUID = field(default_factory=uuid4)
    aud: str = "authenticated"
    role: str = ""
    email: str = ""
    encrypted_password: str = ""
    email_confirmed_at: datetime | None = None
    invited_at: datetime | None = None
    phone: str = ""
    phone_confirmed_at: datetime | None = None
    confirmation_token: str = ""
    confirmation_sent_at: datetime | None = None
    confirmed_at: datetime | None = None
    recovery_token: str = ""
    recovery_sent_at: datetime | None = None
    email_change_token_current: str = ""
    email_change_token_new: str = ""
    email_change: str = ""
    email_change_sent_at: datetime | None = None
    email_change_confirm_status: int = 0
    phone_change_token: str = ""
    phone_change: str = ""
    phone_change_sent_at: datetime | None = None
    reauthentication_token: str = ""
    reauthentication_sent_at: datetime | None = None
    last_sign_in_at: datetime | None = None
    raw_app_meta_data: Metadata = field(default_factory=dict[str, Any])
    raw_user_meta_data: Metadata = field(default_factory=dict[str, Any])
    created_at: datetime | None = None
    updated_at: datetime | None = None
    banned_until: datetime | None = None
    deleted_at: datetime | None = None
    is_anonymous: bool = False
    is_sso_user: bool = False
    identities: Sequence[Metadata] | None = ()
    factors: Sequence[Metadata] = ()

    @property
    def has_verified_factor(self) -> bool:
        return any(factor["status"] == "verified" for factor in self.factors)

    def is_banned(self, now: datetime) -> bool:
        return self.banned_until is not None and now < self.banned_until

    def find_identity(self, provider: str) -> Metadata | None:
        found = (entry for entry in self.identities or () if entry["provider"] == provider)
        return next(found, None)


def parse_email(text: str) -> str:
    """Return the address in lower case, as it is stored; raises validation_failed if invalid."""
    if not text:
        raise EMAIL_MISSING.error()
    if len(text) > _MAX_EMAIL_LENGTH:
        raise EMAIL_TOO_LONG.error()
    if not _ADDRESS.fullmatch(text):
        raise EMAIL_INVALID.error()
    return text.lower()


def format_phone(text: str) -> str:
    """Return the number as it is stored: without plus and spaces."""
    return text.removeprefix("+").replace(" ", "")


def parse_phone(text: str) -> str:
    """Return the number as it is stored; raises validation_failed if it is not E.164."""
    phone = format_phone(text)
    if not _E164.fullmatch(phone):
        raise PHONE_INVALID.error()
    return phone


def identity_profile(
    user_id: UUID, *, email: str = "", phone: str = "", is_verified: bool = False
) -> dict[str, Any]:
    """Return the identity data of the provider `email` or `phone`."""
    profile: dict[str, Any] = {"sub": str(user_id)}
    if email:
        profile["email"] = email
    profile["email_verified"] = bool(email) and is_verified
    if phone:
        profile["phone"] = phone
    profile["phone_verified"] = bool(phone) and is_verified
    return profile


def merge_metadata(stored: Metadata, change: Metadata | None) -> dict[str, Any]:
    """Replace the stored keys by those of `change`; a null removes its key."""
    merged = {**stored, **(change or {})}
    return {key: value for key, value in merged.items() if value is not None}


def render_user(user: User) -> dict[str, Any]:
    """Render the user object of GoTrue's responses, without what is left out when it is null."""
    identities = user.identities
    answer: dict[str, Any] = {
        "id": str(user.id),
        "aud": user.aud,
        "role": user.role,
        "email": user.email,
        "email_confirmed_at": user.email_confirmed_at,
        "invited_at": user.invited_at,
        "phone": user.phone,
        "phone_confirmed_at": user.phone_confirmed_at,
        "confirmation_sent_at": user.confirmation_sent_at,
        "confirmed_at": user.confirmed_at,
        "recovery_sent_at": user.recovery_sent_at,
        "new_email": user.email_change or None,
        "email_change_sent_at": user.email_change_sent_at,
        "new_phone": user.phone_change or None,
        "phone_change_sent_at": user.phone_change_sent_at,
        "reauthentication_sent_at": user.reauthentication_sent_at,
        "last_sign_in_at": user.last_sign_in_at,
        "app_metadata": dict(user.raw_app_meta_data),
        "user_metadata": dict(user.raw_user_meta_data),
        "factors": [dict(factor) for factor in user.factors] or None,
    }
    rendered = {key: value for key, value in _render_times(answer).items() if value is not None}
    rendered["identities"] = None if identities is None else [dict(entry) for entry in identities]
    rendered["created_at"] = render_time(user.created_at)
    rendered["updated_at"] = render_time(user.updated_at)
    for name, time in (("banned_until", user.banned_until), ("deleted_at", user.deleted_at)):
        if time:
            rendered[name] = render_time(time)
    return rendered | {"is_anonymous": user.is_anonymous}


def render_time(time: datetime | None) -> str:
    """Render as Go does: RFC 3339 without trailing zeros, and the year 1 for no time."""
    if time is None:
        return "0001-01-01T00:00:00Z"
    text = time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text.rstrip("0").rstrip(".") + "Z"


def _render_times(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        key: render_time(value) if isinstance(value, datetime) else value
        for key, value in answer.items()
    }
