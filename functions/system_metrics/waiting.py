"""How long a new job waits, in words: by the measured time if there is one, else by the depth."""

from collections.abc import Mapping
from typing import Any, Final

_BY_DEPTH: Final = ((0, "immediate"), (3, "< 1 min"), (10, "1-3 mins"), (20, "3-10 mins"))
_BY_SECONDS: Final = ((5, "immediate"), (60, "< 1 min"), (180, "1-3 mins"), (600, "3-10 mins"))
_LONGEST: Final = "> 10 mins"


def describe_wait(queue: Mapping[str, Any]) -> str:
    """Return the estimate for a queue as get_media_queues_v1 describes it."""
    depth = queue.get("depth", 0)
    seconds = queue.get("eta_seconds")
    if queue.get("paused_at"):
        return "paused"
    if not depth:
        return "immediate"
    bands, value = (_BY_DEPTH, depth) if seconds is None else (_BY_SECONDS, float(seconds))
    return next((words for most, words in bands if value <= most), _LONGEST)
