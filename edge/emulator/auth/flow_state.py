"""PKCE: the challenges of flows under way, in auth.flow_state.

Follows supabase/auth (internal/models/flow_state.go, internal/api/pkce.go).
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from edge.emulator.auth.errors import (
    CHALLENGE_CHARACTERS,
    CHALLENGE_LENGTH,
    CHALLENGE_METHOD,
    FLOW_NONE,
    PKCE_INCOMPLETE,
)
from edge.emulator.auth.schemas import PkceParams
from edge.emulator.postgres.pool import Connection

_CHARACTERS: Final = re.compile(r"[a-zA-Z._~0-9-]+", re.ASCII)
_METHODS: Final = ("s256", "plain")
_INSERT: Final = """
insert into auth.flow_state (
  id, user_id, auth_code, code_challenge_method, code_challenge, provider_type,
  authentication_method, referrer, linking_target_id, created_at, updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp(), clock_timestamp())"""
_FIND: Final = """
select id, user_id, code_challenge, code_challenge_method::text as method, provider_type,
  authentication_method, provider_access_token, provider_refresh_token, created_at,
  auth_code_issued_at
from auth.flow_state where auth_code = $1 for update"""
_ISSUE: Final = """
update auth.flow_state set auth_code_issued_at = now(), updated_at = now()
where id = (
  select id from auth.flow_state
  where user_id = $1 and authentication_method = $2 and code_challenge <> ''
  order by created_at desc limit 1)
returning auth_code"""
_FIND_OAUTH: Final = """
select id, provider_type, referrer, linking_target_id, auth_code, created_at
from auth.flow_state
where id = $1 and authentication_method = 'oauth' and user_id is null"""
_CLAIM: Final = "select from auth.flow_state where id = $1 and user_id is null for update"
_FINISH: Final = """
update auth.flow_state set user_id = $2, provider_access_token = $3, provider_refresh_token = $4,
  auth_code_issued_at = now(), updated_at = now()
where id = $1"""
_DELETE: Final = "delete from auth.flow_state where id = $1"


@dataclass(frozen=True, slots=True)
class FlowState:
    id: UUID
    user_id: UUID | None
    code_challenge: str | None
    method: str | None
    provider_type: str
    authentication_method: str
    provider_access_token: str | None
    provider_refresh_token: str | None
    created_at: datetime
    auth_code_issued_at: datetime | None

    @property
    def started_at(self) -> datetime:
        """When the code's lifetime began: at its issue for magic links."""
        if self.auth_code_issued_at and self.authentication_method == "magiclink":
            return self.auth_code_issued_at
        return self.created_at

    def accepts(self, verifier: str) -> bool:
        """Whether the challenge was made from `verifier`; in constant time."""
        given = verifier
        if self.method == "s256":
            digest = hashlib.sha256(verifier.encode()).digest()
            given = urlsafe_b64encode(digest).rstrip(b"=").decode()
        return hmac.compare_digest(given.encode(), (self.code_challenge or "").encode())


@dataclass(frozen=True, slots=True)
class OAuthFlow:
    """A sign-in that has led to a provider; with an `auth_code` the client has a challenge."""

    id: UUID
    provider_type: str
    referrer: str | None
    linking_target_id: UUID | None
    auth_code: str | None
    created_at: datetime


def check_challenge(params: PkceParams) -> None:
    """Raise validation_failed unless there is a well-formed challenge with a method, or neither."""
    challenge, method = params.code_challenge, params.code_challenge_method
    if bool(challenge) != bool(method):
        raise PKCE_INCOMPLETE.error()
    if not challenge:
        return
    if not 43 <= len(challenge) <= 128:
        raise CHALLENGE_LENGTH.error()
    if not _CHARACTERS.fullmatch(challenge):
        raise CHALLENGE_CHARACTERS.error()
    if method.lower() not in _METHODS:
        raise CHALLENGE_METHOD.error(method=method)


async def start_flow(
    connection: Connection, params: PkceParams, method: str, user_id: UUID | None, **extra: Any
) -> UUID:
    """Store the challenge and return the flow's id; `extra`: provider, referrer, target."""
    flow_id = uuid4()
    values = (
        flow_id,
        user_id,
        str(uuid4()) if params.code_challenge else None,
        params.code_challenge_method.lower() or None,
        params.code_challenge or None,
        extra.get("provider", method),
        method,
        extra.get("referrer"),
        extra.get("target"),
    )
    await connection.execute(_INSERT, values)
    return flow_id


async def issue_auth_code(connection: Connection, user_id: UUID, method: str) -> str:
    """Return the code of the user's latest flow; raises flow_state_not_found if there is none."""
    row = await (await connection.execute(_ISSUE, (user_id, method))).fetchone()
    if row is None:
        raise FLOW_NONE.error()
    return row["auth_code"]


async def find_flow(connection: Connection, auth_code: str) -> FlowState | None:
    row = await (await connection.execute(_FIND, (auth_code,))).fetchone()
    return FlowState(**row) if row else None


async def find_oauth_flow(connection: Connection, flow_id: UUID) -> OAuthFlow | None:
    """Return the flow that has this id as its state, unless its user has come back already."""
    row = await (await connection.execute(_FIND_OAUTH, (flow_id,))).fetchone()
    return OAuthFlow(**row) if row else None


async def claim_oauth_flow(connection: Connection, flow_id: UUID) -> bool:
    """Lock the flow until the transaction ends; False if it was finished meanwhile."""
    return await (await connection.execute(_CLAIM, (flow_id,))).fetchone() is not None


async def finish_oauth_flow(
    connection: Connection, flow_id: UUID, user_id: UUID, access_token: str, refresh_token: str
) -> None:
    """Store whose code the flow's is, and the provider's tokens, until the code is exchanged."""
    values = (flow_id, user_id, access_token, refresh_token or None)
    await connection.execute(_FINISH, values)


async def delete_flow(connection: Connection, flow_id: UUID) -> None:
    await connection.execute(_DELETE, (flow_id,))
