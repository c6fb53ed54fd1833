"""Whom a request wants to see as, and who makes it."""

from collections.abc import Mapping
from typing import Any, Final, cast
from uuid import UUID

from starlette.requests import Request

from edge.console_api.context import ConsoleContext
from edge.console_api.errors import invalid, not_found
from edge.console_api.sql.identity import POSTGRES, Identity, user_claims

_USER: Final = """
select id, aud, role, email, phone, raw_app_meta_data, raw_user_meta_data, is_anonymous
from auth.users where id = $1"""
_LEVELS: Final = ("aal1", "aal2")


async def read_identity(context: ConsoleContext, wanted: Any) -> Identity:
    """Return the identity of {role, sub, aal, claims}; a user's claims are those of Auth's tokens.

    Raises ApiError if there is no such user.
    """
    given: Mapping[str, Any] = (
        cast("Mapping[str, Any]", wanted) if isinstance(wanted, Mapping) else {}
    )
    sub, claims = given.get("sub") or None, cast("Any", given.get("claims") or {})
    role = given.get("role") or ("authenticated" if sub else POSTGRES)
    if not isinstance(role, str) or not isinstance(claims, dict) or "\0" in role:
        raise invalid("`as` is {role, sub, aal, claims}.")
    found: dict[str, Any] = {}
    if sub:
        found = user_claims(await find_user(context, sub))
    if given.get("aal") in _LEVELS:
        found["aal"] = given["aal"]
    return Identity(role, {**found, "role": role, **cast("dict[str, Any]", claims)})


async def find_user(context: ConsoleContext, user_id: Any) -> dict[str, Any]:
    """Return a row of auth.users. Raises ApiError if there is none."""
    try:
        key = UUID(str(user_id))
    except ValueError as exc:
        raise invalid("A user is named by id, a UUID.") from exc
    async with context.database() as connection:
        row = await (await connection.execute(_USER, (key,))).fetchone()
    if row is None:
        raise not_found("user with this id", "See the list of users.")
    return row


def identity_from_query(request: Request) -> dict[str, Any]:
    """Return what `role`, `sub` and `aal` of the query say, for `read_identity`."""
    return {name: request.query_params.get(name) for name in ("role", "sub", "aal")}
