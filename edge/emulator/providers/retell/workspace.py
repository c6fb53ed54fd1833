"""One customer of Retell, known by the API key: its calls, its contacts, its limits."""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.contact import ContactBook
from edge.emulator.providers.retell.errors import RetellError, invalid, not_found

_KEY_LIFE_MS: Final = 3_600_000
_BURST_SECONDS: Final = 1.0


@dataclass(slots=True)
class Workspace:
    """`slots` holds the calls that count against the concurrency limit."""

    api_key: str
    contacts: ContactBook = field(default_factory=ContactBook)
    slots: set[str] = field(default_factory=set[str])
    _calls: dict[str, Call] = field(default_factory=dict[str, Call])
    _by_key: dict[str, Call] = field(default_factory=dict[str, Call])
    _dials: Counter[str] = field(default_factory=Counter[str])
    _starts: deque[int] = field(default_factory=deque[int])

    @property
    def name(self) -> str:
        """Tells one workspace from another without telling its key."""
        return hashlib.sha256(self.api_key.encode()).hexdigest()[:8]

    @property
    def calls(self) -> Iterable[Call]:
        """In the order in which they were made."""
        return self._calls.values()

    def find(self, call_id: str) -> Call:
        if call_id not in self._calls:
            raise not_found()
        return self._calls[call_id]

    def find_by_key(self, key: str | None, now_ms: int) -> Call | None:
        """The call that the same request has made within the last hour."""
        call = self._by_key.get(key) if key else None
        return call if call and now_ms - call.created_ms < _KEY_LIFE_MS else None

    def count_dial(self, number: str) -> int:
        """How often the number was asked for before."""
        self._dials[number] += 1
        return self._dials[number] - 1

    def admit(self, to_number: str, *, honors_dnc: bool) -> None:
        if honors_dnc and self.contacts.is_do_not_call(to_number):
            raise invalid(f"The contact {to_number} is marked do_not_call.")

    def take_slot(self, now_ms: int, limit: int, calls_per_second: float) -> None:
        """Refuse what exceeds the concurrency or starts too fast."""
        if len(self.slots) >= limit:
            raise RetellError(429, "Concurrency limit reached, please wait for calls to end.")
        self._starts.append(now_ms)
        window_ms = 1000 * max(_BURST_SECONDS, 1 / calls_per_second)
        while self._starts[0] <= now_ms - window_ms or self._starts[0] > now_ms:
            self._starts.popleft()
        if len(self._starts) > window_ms / 1000 * calls_per_second:
            self._starts.pop()
            raise RetellError(429)

    def add(self, call: Call, retained: int) -> None:
        """Keep the call, and forget the oldest ones that are over beyond `retained`."""
        self._calls[call.call_id] = call
        self.slots.add(call.call_id)
        if call.request.idempotency_key:
            self._by_key[call.request.idempotency_key] = call
        while len(self._calls) > retained:
            oldest = next(iter(self._calls.values()))
            if not oldest.is_analyzed:
                break
            self._forget(oldest)

    def _forget(self, call: Call) -> None:
        del self._calls[call.call_id]
        key = call.request.idempotency_key
        if key and self._by_key.get(key) is call:
            del self._by_key[key]
