"""Who may use the queue: the service, by header or, as Upstash allows, in the query."""

from shared.auth.authenticate import authenticate
from shared.auth.credentials import Credentials, read_credentials
from shared.context import Context
from shared.errors import UnauthorizedError


async def is_authorized(ctx: Context) -> bool:
    """Return whether the request presents a secret key or a token of role service_role."""
    given = ctx.request.query_params.get("_token")
    credentials: Credentials = read_credentials(
        {"authorization": f"Bearer {given}"} if given else ctx.request.headers
    )
    try:
        await authenticate(("secret",), credentials, ctx.env.supabase)
    except UnauthorizedError:
        return False
    return True
