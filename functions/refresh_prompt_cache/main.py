"""Build the snapshot of templates again from the tables; for administrators.

POST {force_refresh?}, also without a body: 200 {success, message, cache_stats {lastUpdated,
templateCount, negativePromptCount, nsfwTermCount, version, integrityHash, revision}, cached_data
{template_categories, model_types, negative_prompt_categories}}. Other workers use the new snapshot
within five seconds. 403 ADMIN_REQUIRED · 503 DATABASE_UNAVAILABLE.
"""

from typing import Any, cast

from pydantic import ConfigDict

from shared.auth.roles import require_admin
from shared.context import Context
from shared.endpoint import endpoint
from shared.http.body import Input, read_optional_model
from shared.monitoring.monitor import monitored
from shared.prompts.store import rebuild_templates

_MAX_BODY = 1 << 20


class RefreshInput(Input):
    """Accepted from older clients; the snapshot is always built again."""

    model_config = ConfigDict(extra="ignore")

    force_refresh: bool = False


@endpoint(auth=("user", "secret"))
async def main(ctx: Context) -> dict[str, Any]:
    """Check, rebuild, log, answer."""
    with monitored(ctx):
        await read_optional_model(ctx.request, RefreshInput, _MAX_BODY)
        await require_admin(ctx)
        with ctx.stage("rebuild"):
            rebuilt = await rebuild_templates(ctx)
        stats = rebuilt["stats"]
        await _log(ctx, stats)
        return {
            "success": True,
            "message": f"Cached {stats['templateCount']} templates.",
            "cache_stats": stats,
            "cached_data": {
                "template_categories": rebuilt["categories"],
                "model_types": rebuilt["models"],
                "negative_prompt_categories": rebuilt["negatives"],
            },
        }


async def _log(ctx: Context, stats: dict[str, Any]) -> None:
    row = {
        "user_id": ctx.user_id,
        "action": "refresh_prompt_cache",
        "resource_type": "prompt_cache",
        "resource_id": str(stats["revision"]),
        "metadata": stats,
        "user_agent": ctx.request.headers.get("user-agent", "")[:500],
    }
    await cast("Any", ctx.admin.table("user_activity_log")).insert(row).execute()
