"""What the analysis of an emulated call says: derived from its script and its ending."""

from typing import Any

from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.conversation import ENGINE, Turn, hold_conversation


def render_analysis(call: Call) -> dict[str, Any]:
    """The `call_analysis` of a call object."""
    turns = hold_conversation(call)
    return {
        "call_summary": _summarize(call, turns),
        "in_voicemail": call.outcome.in_voicemail,
        "user_sentiment": _sentiment(call, turns),
        "call_successful": call.outcome.is_successful is True,
        "custom_analysis_data": {"engine": ENGINE},
    }


def _summarize(call: Call, turns: list[Turn]) -> str:
    """The callee's longest turn in their own words, or why there is none."""
    said = [turn.content for turn in turns if turn.role == "user"]
    reason = call.ending.reason if call.ending else "unknown"
    if not said:
        return f"Nobody spoke with the agent ({reason})."
    return f"The callee said: {max(said, key=len)}"


def _sentiment(call: Call, turns: list[Turn]) -> str:
    if not any(turn.role == "user" for turn in turns) or call.outcome.in_voicemail:
        return "Unknown"
    if call.outcome.is_successful:
        return "Positive"
    script = (call.ending or call.outcome.ending).script
    return "Negative" if script == "opt_out" else "Neutral"
