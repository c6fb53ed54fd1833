"""One Retell workspace, identified by its API key: calls, contacts, concurrency and rate."""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.contact import ContactBook
from edge.emulator.providers.retell.errors import RetellError, invalid, not_found

_KEY_TTL_MS: Final = 3_600_000
_BURST_SECONDS: Final = 1.0


@dataclass(slots=True)
class Workspace:
    """A workspace; `slots` holds the ids of calls that count against the concurrency limit."""

    api_key: str
    contacts: ContactBook = field(default_factory=ContactBook)
    slots: set[str] = field(default_factory=set[str])
    _calls: dict[str, Call] = field(default_factory=dict[str, Call])
    _by_key: dict[str, Call] = field(default_factory=dict[str, Call])
    _dials: Counter[str] = field(default_factory=Counter[str])
    _starts: deque[int] = field(default_factory=deque[int])

    @property
    def name(self) -> str:
        """Identifier that does not reveal the key."""
        return hashlib.sha256(self.api_key.encode()).hexdigest()[:8]

    @property
    def calls(self) -> Iterable[Call]:
        """Calls in the order of their creation."""
        return self._calls.values()

    def find(self, call_id: str) -> Call:
        """Return the call; raises RetellError 422 if there is none."""
        if call_id not in self._calls:
            raise not_found()
        return self._calls[call_id]

    def find_by_key(self, key: str | None, now_ms: int) -> Call | None:
        """Return the call made with this idempotency key within the last hour, if any."""
        call = self._by_key.get(key) if key else None
        return call if call and now_ms - call.created_ms < _KEY_TTL_MS else None

    def count_dial(self, number: str) -> int:
        """Count a call to the number; return how many came before."""
        self._dials[number] += 1
        return self._dials[number] - 1

    def admit(self, to_number: str, *, honors_dnc: bool) -> None:
        """Raise RetellError 400 if the number is marked do_not_call and that is honored."""
        if honors_dnc and self.contacts.is_do_not_call(to_number):
            raise invalid(f"The contact {to_number} is marked do_not_call.")

    def take_slot(self, now_ms: int, limit: int, calls_per_second: float) -> None:
        """Raise RetellError 429 if the concurrency or rate limit is exceeded."""
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
        """Add the call; drop the oldest completed ones beyond `retained`."""
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
