"""The `call_analysis` of a simulated call, derived from its script and end.

Follows the field of that name in https://docs.retellai.com/api-references/get-call.
"""

from typing import Any

from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.conversation import ENGINE, Turn, plan_turns


def render_analysis(call: Call) -> dict[str, Any]:
    """Render `call_analysis`: summary, voicemail, sentiment and success."""
    turns = plan_turns(call)
    return {
        "call_summary": _summarize(call, turns),
        "in_voicemail": call.outcome.in_voicemail,
        "user_sentiment": _sentiment(call, turns),
        "call_successful": call.outcome.is_successful is True,
        "custom_analysis_data": {"engine": ENGINE},
    }


def _summarize(call: Call, turns: list[Turn]) -> str:
    """Quote the callee's longest turn; without one, give the disconnection reason."""
    said = [turn.content for turn in turns if turn.role == "user"]
    reason = call.end.reason if call.end else "unknown"
    if not said:
        return f"The callee did not speak with the agent ({reason})."
    return f"The callee said: {max(said, key=len)}"


def _sentiment(call: Call, turns: list[Turn]) -> str:
    if not any(turn.role == "user" for turn in turns) or call.outcome.in_voicemail:
        return "Unknown"
    if call.outcome.is_successful:
        return "Positive"
    script = (call.end or call.outcome.end).script
    return "Negative" if script == "opt_out" else "Neutral"
