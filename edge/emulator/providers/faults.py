"""Misbehaviour on order: queued by tests, consumed request by request, and a count of requests."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Provider(StrEnum):
    """Whom the emulator plays."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    RETELL = "retell"


class Endpoint(StrEnum):
    """What can misbehave and is counted."""

    EMBEDDINGS = "embeddings"
    RESPONSES = "responses"
    CHAT = "chat"
    MODELS = "models"
    MESSAGES = "messages"
    COUNT_TOKENS = "count_tokens"
    CREATE_CALL = "create_call"
    READ_CALL = "read_call"
    CHANGE_CALL = "change_call"
    CONCURRENCY = "concurrency"
    CONTACTS = "contacts"
    WEBHOOK = "webhook"
    ENDING = "ending"


class FaultKind(StrEnum):
    """Ways to misbehave.

    Those from `refusal` on answer 200 with a wrong content, those of items in the first list of a
    JSON answer; those from `lost` on befall a phone call's webhooks, the last two its end.
    """

    STATUS = "status"
    HANG = "hang"
    HANG_AFTER = "hang_after"
    CUT = "cut"
    MALFORMED_JSON = "malformed_json"
    REFUSAL = "refusal"
    CONTENT_FILTER = "content_filter"
    TRUNCATED = "truncated"
    TRUNCATED_SILENTLY = "truncated_silently"
    INVALID_SCHEMA = "invalid_schema"
    MISSING_ITEM = "missing_item"
    REPEATED_ITEM = "repeated_item"
    RENUMBERED_ITEM = "renumbered_item"
    EMPTY = "empty"
    FAILED = "failed"
    WRONG_DIMENSIONS = "wrong_dimensions"
    UNORDERED = "unordered"
    LOST = "lost"
    DUPLICATED = "duplicated"
    DELAYED = "delayed"
    WRONG_SIGNATURE = "wrong_signature"
    UNKNOWN_REASON = "unknown_reason"
    SLOT_LEAK = "slot_leak"


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour; `endpoint` None takes the provider's next request, whatever it is."""

    provider: Provider
    kind: FaultKind
    endpoint: Endpoint | None = None
    status: int = 500
    code: str | None = None
    retry_after: str | None = None
    seconds: float = 3600.0


@dataclass(slots=True)
class FaultQueue:
    """What is still to go wrong, in order, and what was asked since the last clear."""

    _pending: list[Fault] = field(default_factory=list[Fault])
    _requests: Counter[tuple[Provider, Endpoint]] = field(
        default_factory=Counter[tuple[Provider, Endpoint]]
    )
    _processing_ms: dict[Provider, float] = field(default_factory=dict[Provider, float])

    def add(self, fault: Fault, times: int = 1) -> None:
        self._pending.extend([fault] * times)

    def clear(self) -> None:
        self._pending.clear()
        self._requests.clear()
        self._processing_ms.clear()

    def take(self, provider: Provider, endpoint: Endpoint) -> Fault | None:
        """Count the request and consume the first fault meant for it."""
        self._requests[provider, endpoint] += 1
        for index, fault in enumerate(self._pending):
            if fault.provider is provider and fault.endpoint in {None, endpoint}:
                return self._pending.pop(index)
        return None

    def add_processing(self, provider: Provider, milliseconds: float) -> None:
        """Note how long an answer took to make."""
        self._processing_ms[provider] = self._processing_ms.get(provider, 0.0) + milliseconds

    @property
    def processing_ms(self) -> dict[str, float]:
        """Time spent on answers by provider, in milliseconds."""
        return {provider.value: self._processing_ms.get(provider, 0.0) for provider in Provider}

    @property
    def pending(self) -> tuple[Fault, ...]:
        return tuple(self._pending)

    @property
    def requests(self) -> dict[str, dict[str, int]]:
        """Requests by provider and endpoint."""
        counted: dict[str, dict[str, int]] = {provider.value: {} for provider in Provider}
        for (provider, endpoint), count in self._requests.items():
            counted[provider.value][endpoint.value] = count
        return counted
