"""Who may use the queue: the service or a worker, by header or, as Upstash allows, in the query."""

from shared.auth.credentials import read_credentials
from shared.context import Context
from shared.workers.key import identify_worker


async def identify(ctx: Context) -> str | None:
    """Return the worker's name by its own key, None for the service. Raises UnauthorizedError."""
    given = ctx.request.query_params.get("_token")
    headers = {"authorization": f"Bearer {given}"} if given else ctx.request.headers
    return await identify_worker(read_credentials(headers), ctx.env.supabase)
