"""The roles of public.user_roles."""

from typing import cast

from shared.context import Context
from shared.errors import ForbiddenError


async def is_admin(ctx: Context) -> bool:
    """Return whether the caller holds a secret key, or is a user with the role admin."""
    if ctx.auth_mode == "secret":
        return True
    if ctx.user_id is None:
        return False
    answer = await ctx.caller.rpc("is_admin", {}).execute()
    return cast("object", answer.data) is True


async def require_admin(ctx: Context) -> None:
    """Raise ForbiddenError ADMIN_REQUIRED for everybody else."""
    if not await is_admin(ctx):
        raise ForbiddenError(
            "Only an administrator may do this: a user with the role admin in user_roles.",
            code="ADMIN_REQUIRED",
        )
