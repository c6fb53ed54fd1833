"""Fault injection: a queue of faults that requests consume one by one, and request counts."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Provider(StrEnum):
    """The emulated providers."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    RETELL = "retell"
    REPLICATE = "replicate"


class Endpoint(StrEnum):
    """Points where faults are injected and requests are counted."""

    EMBEDDINGS = "embeddings"
    RESPONSES = "responses"
    CHAT = "chat"
    TRANSCRIPTIONS = "transcriptions"
    MODELS = "models"
    MESSAGES = "messages"
    COUNT_TOKENS = "count_tokens"
    CREATE_CALL = "create_call"
    READ_CALL = "read_call"
    CHANGE_CALL = "change_call"
    CONCURRENCY = "concurrency"
    CONTACTS = "contacts"
    WEBHOOK = "webhook"
    CALL_END = "call_end"
    CREATE_PREDICTION = "create_prediction"
    READ_PREDICTION = "read_prediction"
    OUTPUT = "output"
    FILES = "files"


class FaultKind(StrEnum):
    """Kinds of injected fault.

    `status` to `malformed_json` break the HTTP exchange. `refusal` to `unordered` answer 200 with
    wrong content (the `…_item` kinds change the first list of a JSON answer). `lost` to
    `wrong_signature` apply to a call's webhooks, `unknown_reason` and `slot_leak` to its end.
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
    """One fault; with `endpoint` None it applies to the provider's next request of any kind.

    `status`, `code` and `retry_after` shape the error of kind `status`; `seconds` is the length of
    a hang or a delay.
    """

    provider: Provider
    kind: FaultKind
    endpoint: Endpoint | None = None
    status: int = 500
    code: str | None = None
    retry_after: str | None = None
    seconds: float = 3600.0


@dataclass(slots=True)
class FaultQueue:
    """Pending faults in order, and requests counted since the last clear."""

    _pending: list[Fault] = field(default_factory=list[Fault])
    _requests: Counter[tuple[Provider, Endpoint]] = field(
        default_factory=Counter[tuple[Provider, Endpoint]]
    )
    _processing_ms: dict[Provider, float] = field(default_factory=dict[Provider, float])

    def add(self, fault: Fault, times: int = 1) -> None:
        """Queue the fault for the next `times` matching requests."""
        self._pending.extend([fault] * times)

    def clear(self) -> None:
        self._pending.clear()
        self._requests.clear()
        self._processing_ms.clear()

    def take(self, provider: Provider, endpoint: Endpoint) -> Fault | None:
        """Count the request; remove and return the first fault that matches it, if any."""
        self._requests[provider, endpoint] += 1
        for index, fault in enumerate(self._pending):
            if fault.provider is provider and fault.endpoint in {None, endpoint}:
                return self._pending.pop(index)
        return None

    def add_processing(self, provider: Provider, milliseconds: float) -> None:
        """Add the time that a response took to build."""
        self._processing_ms[provider] = self._processing_ms.get(provider, 0.0) + milliseconds

    @property
    def processing_ms(self) -> dict[str, float]:
        """Return the milliseconds spent on responses, by provider."""
        return {provider.value: self._processing_ms.get(provider, 0.0) for provider in Provider}

    @property
    def pending(self) -> tuple[Fault, ...]:
        return tuple(self._pending)

    @property
    def requests(self) -> dict[str, dict[str, int]]:
        """Return request counts by provider and endpoint."""
        counted: dict[str, dict[str, int]] = {provider.value: {} for provider in Provider}
        for (provider, endpoint), count in self._requests.items():
            counted[provider.value][endpoint.value] = count
        return counted
