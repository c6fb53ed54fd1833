"""A call as Retell's API and webhooks show it, at each point of its life."""

from typing import Any

from edge.emulator.providers.retell.analysis import render_analysis
from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.conversation import (
    hold_conversation,
    render_transcript,
    render_utterances,
)
from edge.emulator.providers.retell.cost import render_cost
from edge.emulator.providers.retell.ending import TRANSFER_NUMBER

Document = dict[str, Any]
_TRANSCRIPTS = ("transcript", "transcript_object", "transcript_with_tool_calls")


def render_call(call: Call, *, with_analysis: bool = True) -> Document:
    """The V2 call object; what has not happened yet or was not given is absent, not null."""
    document = _render_request(call)
    if call.started_ms is not None:
        document["start_timestamp"] = call.started_ms
        document["telephony_identifier"] = {"twilio_call_sid": f"CA{call.call_id[-32:]}"}
    if call.ending:
        document |= _render_end(call)
    if call.is_analyzed and with_analysis:
        document["call_analysis"] = render_analysis(call)
    return document


def render_item(call: Call) -> Document:
    """The V3 object in lists, which leaves the transcripts out."""
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
    assert call.ending is not None
    ended: Document = {
        "end_timestamp": call.ended_ms,
        "duration_ms": call.duration_ms,
        "disconnection_reason": call.ending.reason,
        "call_cost": render_cost(call.duration_ms),
    }
    if call.started_ms is None:
        return ended
    if call.ending.reason == "call_transfer":
        ended["transfer_destination"] = TRANSFER_NUMBER
    turns = hold_conversation(call)
    utterances = render_utterances(turns)
    return {
        **ended,
        "transcript": render_transcript(turns),
        "transcript_object": utterances,
        "transcript_with_tool_calls": utterances,
        "collected_dynamic_variables": {},
    }
