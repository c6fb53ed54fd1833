"""How long the parts of a call's answers took, of what the provider measures after a call.

Retell's `latency` (docs.retellai.com, API reference: get-call) holds percentiles and all values of
each part, in milliseconds.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from shared.telephony.number import read_number

_PARTS: Final = (
    "e2e",
    "asr",
    "llm",
    "llm_websocket_network_rtt",
    "tts",
    "knowledge_base",
    "s2s",
)
_TIMES: Final = ("p50", "p90", "max")
_LONGEST_MS: Final = 3_600_000
_MOST_VALUES: Final = 1_000_000

Latency = dict[str, dict[str, int]]


def read_latency(value: Any) -> Latency | None:
    """Return {part: {p50, p90, max, num}} of the known parts with a time; None if there is none.

    What is no time of less than an hour is left out.
    """
    if not isinstance(value, dict):
        return None
    parts = cast("Mapping[str, Any]", value)
    found = {name: _read_part(parts.get(name)) for name in _PARTS}
    return {name: part for name, part in found.items() if part} or None


def _read_part(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        return {}
    part = cast("Mapping[str, Any]", value)
    times = _read_fields(part, _TIMES, _LONGEST_MS)
    return times | _read_fields(part, ("num",), _MOST_VALUES) if times else {}


def _read_fields(part: Mapping[str, Any], names: tuple[str, ...], limit: int) -> dict[str, int]:
    numbers = {name: read_number(part.get(name)) for name in names}
    return {
        name: round(number)
        for name, number in numbers.items()
        if number is not None and number < limit
    }
