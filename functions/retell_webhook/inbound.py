"""Answers the provider's question about a call or SMS that comes in, while the phone rings.

See https://docs.retellai.com/features/inbound-call-webhook: the body has no call id, and the answer
groups its fields under the event's name. All fields are optional: an empty answer leaves the call
to the agent of the number.
"""

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from shared.context import Context
from shared.database.rpc import call_rpc

EVENTS: Final = ("call_inbound", "chat_inbound")
_SECONDS: Final = 5.0  # the provider waits for 10


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """A call or SMS without an id yet; `id` is the same when the request is repeated."""

    event: str
    id: str
    payload: Mapping[str, Any]


def find_inbound(fields: Mapping[str, Any]) -> InboundRequest | None:
    """Return the request that a webhook's body is, None if it reports an event."""
    event = fields.get("event")
    if event not in EVENTS or not isinstance(fields.get(event), dict):
        return None
    inner = cast("Mapping[str, Any]", fields[event])
    beside = {name: value for name, value in fields.items() if name not in ("event", event)}
    payload = {**beside, **inner}
    digest = hashlib.sha256(repr(sorted(payload.items(), key=str)).encode("utf-8", "replace"))
    return InboundRequest(cast("str", event), f"{event}_{digest.hexdigest()[:32]}", payload)


async def answer_inbound(ctx: Context, request: InboundRequest) -> dict[str, Any]:
    """Return {call_inbound: {override_agent_id?, dynamic_variables?}}; empty if the database fails.

    Whatever happens here, the call is to be answered.
    """
    arguments = {"event": request.event, "request_id": request.id, "payload": request.payload}
    try:
        answer = await call_rpc(
            ctx.env.supabase, None, "answer_inbound_call_v1", arguments, seconds=_SECONDS
        )
    except Exception as exc:
        sys.stderr.write(f"{request.event} is answered without overrides: {type(exc).__name__}\n")
        answer = {}
    return {request.event: answer}
