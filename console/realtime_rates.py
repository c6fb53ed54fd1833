"""Messages a second of Realtime's topics, from two readings of their counts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_Counts = Mapping[str, int]


@dataclass(slots=True)
class Rates:
    """The last reading: when it was, and each topic's counts by id and `opened_at`."""

    _read_at: datetime | None = None
    _last: dict[tuple[str, str], _Counts] = field(default_factory=dict[Any, _Counts])

    def update(self, answer: Mapping[str, Any]) -> dict[str, float | None]:
        """Take a reading; returns the rates since the last one, by topic's id.

        A topic that was opened since began with zeros. None is the rate of one that the last
        reading left out, and of all at the first.
        """
        read_at = datetime.fromisoformat(answer["read_at"])
        last, last_at = self._last, self._read_at
        topics = {(each["id"], each["opened_at"]): each["messages"] for each in answer["data"]}
        self._last, self._read_at = topics, read_at
        if last_at is None or read_at <= last_at:
            return {name: None for name, _ in topics}
        rates: dict[str, float | None] = {}
        for (name, opened_at), counts in topics.items():
            former = last.get((name, opened_at))
            if former is None and datetime.fromisoformat(opened_at) >= last_at:
                former = {}
            seconds = (read_at - last_at).total_seconds()
            rates[name] = None if former is None else (_total(counts) - _total(former)) / seconds
        return rates


def _total(counts: _Counts) -> int:
    return sum(counts.values())


def describe_counts(counts: _Counts) -> str:
    """Return `12 broadcast, 3 presence` of what is not zero."""
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count)
