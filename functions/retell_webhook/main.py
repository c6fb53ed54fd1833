"""Take what Retell reports of a call: keep it, apply it once, let the campaign dial on.

POST {event, call} as Retell signs it, header x-retell-signature: v=<ms>,d=<hex>; or
{event_type, data}, or {event, chat}. At most 10 MB. 200 {success, event, duplicate}, once it is
committed. {event: call_inbound, call_inbound: {from_number, to_number, …}}, a call that comes in,
without an id yet, and chat_inbound: 200 {call_inbound: {override_agent_id?, dynamic_variables?}}.
With OPENAI_API_KEY or ANTHROPIC_API_KEY the model reads the call for opt-outs too, afterwards.
400 INVALID_JSON, INVALID_BODY, EVENT_MISSING, CALL_MISSING, CALL_ID_MISSING, UNSTORABLE ·
401 SIGNATURE_MISSING, INVALID_SIGNATURE, SIGNATURE_EXPIRED · 413 BODY_TOO_LARGE ·
500 DATABASE_UNAVAILABLE: not stored, so that Retell sends it again; INTERNAL_ERROR
if neither RETELL_WEBHOOK_SECRET nor RETELL_API_KEY is set.
"""

import time
from typing import Any

from shared.context import Context
from shared.endpoint import endpoint
from shared.http.body import read_bytes
from shared.telephony.env import retell_env
from shared.telephony.opt_out import read_aside
from shared.telephony.store import event_store

from .inbound import InboundRequest, answer_inbound
from .opt_out_review import reviewer
from .payload import parse_payload
from .request_next_batch import batch_requester
from .signature import HEADER, verify


@endpoint(auth="none", timeout=25, preflight_status=204)
async def main(ctx: Context) -> dict[str, Any]:
    """Believe, read, apply, answer; dialling goes on afterwards."""
    body = await read_bytes(ctx.request)
    verify(body, ctx.request.headers.get(HEADER), retell_env(), int(time.time() * 1000))
    event = await read_aside(lambda: parse_payload(body), len(body))
    if isinstance(event, InboundRequest):
        ctx.note(event=event.event)
        return await answer_inbound(ctx, event)
    ctx.note(event=event.event, call_id=event.call_id)
    with ctx.stage("apply"):
        applied = await event_store(ctx.env.supabase).apply(event)
    ctx.note(
        duplicate=applied.is_duplicate,
        organization_id=applied.organization_id,
        campaign_id=applied.campaign_id,
    )
    if applied.kept_because:
        ctx.note(kept_because=applied.kept_because)
    if applied.next_campaign_id:
        ctx.wait_until(batch_requester(ctx.env.supabase).request(applied.next_campaign_id))
    review = reviewer(ctx.env.supabase)
    if review.wants(event, applied):
        ctx.wait_until(review.review(event))
    return {"success": True, "event": event.event, "duplicate": applied.is_duplicate}
