"""SQL on auth.mfa_factors and auth.mfa_challenges.

Follows supabase/auth (internal/models/factor.go, challenge.go).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from edge.emulator.auth.user import render_time
from edge.emulator.postgres.pool import Connection

_COLUMNS: Final = """id, user_id, factor_type::text as type, status::text as status,
  coalesce(friendly_name, '') as friendly_name, coalesce(secret, '') as secret,
  coalesce(phone, '') as phone, created_at, updated_at, last_challenged_at"""
_FIND: Final = f"select {_COLUMNS} from auth.mfa_factors where id = $1 and user_id = $2 for update"  # noqa: S608
_INSERT: Final = f"""
insert into auth.mfa_factors (
  id, user_id, friendly_name, factor_type, status, secret, phone, created_at, updated_at)
values (gen_random_uuid(), $1, $2, $3::text::auth.factor_type, 'unverified', $4, $5, now(), now())
returning {_COLUMNS}"""  # noqa: S608
_UPDATE: Final = f"""
update auth.mfa_factors set
  friendly_name = coalesce($2, friendly_name), phone = coalesce($3, phone), updated_at = now()
where id = $1 returning {_COLUMNS}"""  # noqa: S608
_VERIFY: Final = "update auth.mfa_factors set status = 'verified', updated_at = now() where id = $1"
_DELETE: Final = "delete from auth.mfa_factors where id = $1"
_DELETE_UNVERIFIED: Final = """
delete from auth.mfa_factors
where user_id = $1 and status = 'unverified' and factor_type::text = $2"""
_DELETE_EXPIRED: Final = """
delete from auth.mfa_factors f
where f.user_id = $1 and f.status <> 'verified'
  and f.created_at + make_interval(secs => $2::float8) < now()
  and not exists (select from auth.mfa_challenges c where c.factor_id = f.id)"""
_CHALLENGE: Final = """
insert into auth.mfa_challenges (id, factor_id, created_at, ip_address, otp_code)
values (gen_random_uuid(), $1, now(), $2::text::inet, $3) returning id, created_at"""
_TOUCH: Final = "update auth.mfa_factors set last_challenged_at = clock_timestamp() where id = $1"
_FIND_CHALLENGE: Final = """
select id, created_at, verified_at, host(ip_address) as address, coalesce(otp_code, '') as code
from auth.mfa_challenges where id = $1 and factor_id = $2 for update"""
_VERIFY_CHALLENGE: Final = "update auth.mfa_challenges set verified_at = now() where id = $1"
_DELETE_CHALLENGE: Final = "delete from auth.mfa_challenges where id = $1"
_IS_CODE_USED: Final = """
select from auth.mfa_challenges
where factor_id = $1 and otp_code = $2 and verified_at is not null limit 1"""
_NOTE_CODE: Final = "update auth.mfa_challenges set otp_code = $2 where id = $1"


@dataclass(frozen=True, slots=True)
class Factor:
    """A second factor: an authenticator app (`totp`), or a phone."""

    id: UUID
    user_id: UUID
    type: str
    status: str
    friendly_name: str
    secret: str
    phone: str
    created_at: datetime
    updated_at: datetime
    last_challenged_at: datetime | None

    @property
    def is_verified(self) -> bool:
        return self.status == "verified"

    def render(self) -> dict[str, Any]:
        """Render the factor object of GoTrue's responses."""
        challenged = self.last_challenged_at
        answer: dict[str, Any] = {
            "id": str(self.id),
            "created_at": render_time(self.created_at),
            "updated_at": render_time(self.updated_at),
            "status": self.status,
        }
        if self.friendly_name:
            answer["friendly_name"] = self.friendly_name
        return answer | {
            "factor_type": self.type,
            "phone": self.phone,
            "last_challenged_at": render_time(challenged) if challenged else None,
        }


@dataclass(frozen=True, slots=True)
class Challenge:
    id: UUID
    created_at: datetime
    verified_at: datetime | None
    address: str
    code: str


async def find_factor(connection: Connection, factor_id: UUID, user_id: UUID) -> Factor | None:
    """Return the user's factor, and lock it."""
    row = await (await connection.execute(_FIND, (factor_id, user_id))).fetchone()
    return Factor(**row) if row else None


async def insert_factor(
    connection: Connection, user_id: UUID, kind: str, name: str, **details: str
) -> Factor:
    """Store an unverified factor; `details` is its secret or phone."""
    values = (user_id, name, kind, details.get("secret"), details.get("phone"))
    row = await (await connection.execute(_INSERT, values)).fetchone()
    assert row is not None  # insert … returning
    return Factor(**row)


async def update_factor(connection: Connection, factor_id: UUID, name: str, phone: str) -> Factor:
    """Set name and phone, unless empty."""
    values = (factor_id, name or None, phone or None)
    row = await (await connection.execute(_UPDATE, values)).fetchone()
    assert row is not None  # it is locked
    return Factor(**row)


async def verify_factor(connection: Connection, factor_id: UUID) -> None:
    await connection.execute(_VERIFY, (factor_id,))


async def delete_factor(connection: Connection, factor_id: UUID) -> None:
    await connection.execute(_DELETE, (factor_id,))


async def delete_unverified_factors(connection: Connection, user_id: UUID, kind: str) -> None:
    await connection.execute(_DELETE_UNVERIFIED, (user_id, kind))


async def delete_expired_factors(connection: Connection, user_id: UUID, seconds: float) -> None:
    """Delete the user's unverified factors that were never challenged within `seconds`."""
    await connection.execute(_DELETE_EXPIRED, (user_id, seconds))


async def insert_challenge(
    connection: Connection, factor_id: UUID, address: str, code: str | None = None
) -> tuple[UUID, datetime]:
    """Store a challenge; returns its id and time."""
    values = (factor_id, address, code)
    row = await (await connection.execute(_CHALLENGE, values)).fetchone()
    assert row is not None  # insert … returning
    await connection.execute(_TOUCH, (factor_id,))
    return row["id"], row["created_at"]


async def find_challenge(
    connection: Connection, challenge_id: UUID, factor_id: UUID
) -> Challenge | None:
    row = await (await connection.execute(_FIND_CHALLENGE, (challenge_id, factor_id))).fetchone()
    return Challenge(**row) if row else None


async def verify_challenge(
    connection: Connection, challenge_id: UUID, code: str | None = None
) -> None:
    """Mark the challenge as verified; `code` is noted, so that it cannot be used twice."""
    await connection.execute(_VERIFY_CHALLENGE, (challenge_id,))
    if code is not None:
        await connection.execute(_NOTE_CODE, (challenge_id, code))


async def is_code_used(connection: Connection, factor_id: UUID, code: str) -> bool:
    return await (await connection.execute(_IS_CODE_USED, (factor_id, code))).fetchone() is not None


async def delete_challenge(connection: Connection, challenge_id: UUID) -> None:
    await connection.execute(_DELETE_CHALLENGE, (challenge_id,))
