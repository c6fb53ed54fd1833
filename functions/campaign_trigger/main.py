"""Run campaigns: start, pause, resume, cancel, retry, dial a batch, get status, maintenance.

POST {action, campaign_id?, batch_size? 1..100, organization_id?} by a member of the campaign's
organization (admin or manager; a viewer may only get_status) or with the secret key.
start_campaign, pause_campaign, resume_campaign, cancel_campaign, retry_failed → 200 {success,
action, campaign_id, status}; process_batch → also {claimed, placed, released, unreachable,
unresolved}; get_status → also {statistics, calling, outcomes, pace, …}; schedule_check, with the
secret key only → {started, continued, reaped, resolved, ended, analyzed, applied}.
Dialling continues in the background: after the response, when a call ends, and each minute.
400 INVALID_BODY, CAMPAIGN_ID_MISSING · 403 ROLE_TOO_LOW, SECRET_KEY_NEEDED · 404
CAMPAIGN_NOT_FOUND · 409 WRONG_STATE, NO_AGENT, NO_PHONE_NUMBER, CAMPAIGN_EMPTY, NOTHING_TO_RETRY ·
503 DATABASE_UNAVAILABLE.
"""

from typing import Any
from uuid import UUID

from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import ForbiddenError
from shared.telephony.env import retell_env
from shared.telephony.store import event_store

from .attempts import Attempts
from .campaigns import Campaigns
from .concurrency import refresh_concurrency
from .dial_loop import dial_loop
from .dialler import Dialler, Outcome
from .maintenance import Maintenance
from .provider import Provider
from .reconciliation import Reconciliation
from .request import DIALLING, GET_STATUS, PROCESS_BATCH, SCHEDULE_CHECK, TriggerInput


@endpoint(auth=("user", "secret"), body=TriggerInput, preflight_status=204)
async def main(ctx: Context, body: TriggerInput) -> dict[str, Any]:
    """Perform the action; dialling continues after the response."""
    ctx.note(action=body.action, campaign_id=str(body.campaign_id or ""))
    if body.action == SCHEDULE_CHECK:
        result = await _check(ctx, body.organization_id)
    else:
        campaign_id = body.require_campaign()
        result = {"campaign_id": str(campaign_id), **await _act(ctx, body, campaign_id)}
    return {"success": True, "action": body.action, **result}


async def _act(ctx: Context, body: TriggerInput, campaign_id: UUID) -> dict[str, Any]:
    campaigns = Campaigns(ctx.admin, ctx.user_id)
    if body.action == GET_STATUS:
        return await campaigns.progress(campaign_id)
    if body.action == PROCESS_BATCH:
        return await _dial(ctx, campaigns, campaign_id, body.batch_size)
    dialler = _dialler(ctx) if body.action in DIALLING else None
    status = await campaigns.change(campaign_id, body.action)
    if dialler:
        ctx.wait_until(_begin(dialler, campaigns, campaign_id))
    if body.action == "retry_failed":
        ctx.wait_until(campaigns.requeue_failed(str(campaign_id)))
    if status == "cancelled":
        ctx.wait_until(campaigns.cancel_contacts(str(campaign_id)))
    return {"status": status}


async def _begin(dialler: Dialler, campaigns: Campaigns, campaign_id: UUID) -> None:
    """Start dialling within the provider's current concurrency limit."""
    organization_id = await campaigns.find_organization(campaign_id)
    await refresh_concurrency(campaigns, dialler.provider, [organization_id])
    await dial_loop.run(dialler, str(campaign_id))


async def _dial(
    ctx: Context, campaigns: Campaigns, campaign_id: UUID, batch_size: int
) -> dict[str, Any]:
    """Dial a batch; inactive campaigns succeed too, because webhooks of last calls request it."""
    dialler, status = _dialler(ctx), await campaigns.admit(campaign_id)
    with ctx.stage("dial"):
        batch = await dialler.dial_batch(str(campaign_id), batch_size)
    # Also after an empty batch: the next rate token may be due before the next call ends.
    if not batch.has_provider_failures:
        ctx.wait_until(dial_loop.run(dialler, str(campaign_id)))
    return {
        "status": status,
        "claimed": batch.claimed,
        **{outcome.value: batch.counts[outcome] for outcome in Outcome},
    }


async def _check(ctx: Context, organization_id: UUID | None) -> dict[str, Any]:
    if ctx.auth_mode != "secret":
        raise ForbiddenError("schedule_check requires the secret key.", code="SECRET_KEY_NEEDED")
    dialler, campaigns = _dialler(ctx), Campaigns(ctx.admin, None)
    reconciliation = Reconciliation(dialler, event_store(ctx.env.supabase))
    maintenance = Maintenance(campaigns, dialler.attempts, reconciliation, dialler.provider)
    done, work = await maintenance.run(organization_id)
    for campaign_id in work.due:
        ctx.wait_until(dial_loop.run(dialler, campaign_id))
    for campaign_id in work.retrying:
        ctx.wait_until(campaigns.requeue_failed(campaign_id))
    for campaign_id in work.cancelling:
        ctx.wait_until(campaigns.cancel_contacts(campaign_id))
    return done


def _dialler(ctx: Context) -> Dialler:
    return Dialler(Attempts(ctx.admin), Provider.of(retell_env()))
