"""The call object of Retell's API and webhooks.

Follows https://docs.retellai.com/api-references/get-call (V2) and …/list-calls (V3).
"""

from typing import Any, Final

from edge.emulator.providers.retell.analysis import render_analysis
from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.call_end import TRANSFER_NUMBER
from edge.emulator.providers.retell.conversation import (
    plan_turns,
    render_transcript,
    render_utterances,
)
from edge.emulator.providers.retell.latency import render_latency

Document = dict[str, Any]
_TRANSCRIPTS = ("transcript", "transcript_object", "transcript_with_tool_calls")
# Cents per second; see https://www.retellai.com/pricing.
_UNIT_PRICES: Final = (
    ("elevenlabs_tts", 0.1166667),
    ("gpt_4_1", 0.075),
    ("us_telephony", 0.025),
)


def render_call(call: Call, *, with_analysis: bool = True) -> Document:
    """Render the V2 call object; unknown or future fields are absent, not null."""
    document = _render_request(call)
    if call.started_ms is not None:
        document["start_timestamp"] = call.started_ms
        document["telephony_identifier"] = {"twilio_call_sid": f"CA{call.call_id[-32:]}"}
    if call.end:
        document |= _render_end(call)
    if call.is_analyzed and with_analysis:
        document["call_analysis"] = render_analysis(call)
    return document


def render_item(call: Call) -> Document:
    """Render the V3 list item: the call object without transcripts."""
    document = render_call(call)
    for name in _TRANSCRIPTS:
        document.pop(name, None)
    return document


def _render_request(call: Call) -> Document:
    request = call.request
    optional = {
        "agent_name": request.agent_name,
        "agent_tag": request.agent_tag,
        "batch_call_id": call.batch_call_id,
        "metadata": call.metadata,
        "retell_llm_dynamic_variables": request.variables,
        "custom_sip_headers": request.sip_headers,
    }
    return {
        "call_id": call.call_id,
        "call_type": "phone_call",
        "agent_id": request.agent_id,
        "agent_version": request.agent_version,
        "call_status": call.status.value,
        "direction": "outbound",
        "from_number": request.from_number,
        "to_number": request.to_number,
        "data_storage_setting": "everything",
        "opt_in_signed_url": False,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _render_end(call: Call) -> Document:
    assert call.end is not None
    ended: Document = {
        "end_timestamp": call.ended_ms,
        "duration_ms": call.duration_ms,
        "disconnection_reason": call.end.reason,
        "call_cost": render_cost(call.duration_ms),
    }
    if call.started_ms is None:
        return ended
    if call.end.reason == "call_transfer":
        ended["transfer_destination"] = TRANSFER_NUMBER
    turns = plan_turns(call)
    utterances = render_utterances(turns)
    if latency := render_latency(call, turns):
        ended["latency"] = latency
    return {
        **ended,
        "transcript": render_transcript(turns),
        "transcript_object": utterances,
        "transcript_with_tool_calls": utterances,
        "collected_dynamic_variables": {},
    }


def render_cost(duration_ms: int) -> dict[str, Any]:
    """Render `call_cost` in cents at list prices; unanswered calls cost 0."""
    seconds = round(duration_ms / 1000)
    products = [
        {"product": product, "unit_price": price, "cost": round(price * seconds, 4)}
        for product, price in _UNIT_PRICES
        if seconds
    ]
    return {
        "product_costs": products,
        "total_duration_seconds": seconds,
        "total_duration_unit_price": round(sum(price for _, price in _UNIT_PRICES), 7),
        "combined_cost": round(sum(price for _, price in _UNIT_PRICES) * seconds, 4),
    }
