"""The failures of a provider of models, each with its code, status and message."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from shared.errors import UnavailableError, UpstreamError, UpstreamTimeoutError


@dataclass(frozen=True, slots=True)
class Source:
    """Which provider, and what it calls the request."""

    provider: str
    request_id: str | None = None
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class _Meaning:
    kind: type[UpstreamError]
    sentence: str


class Fault(Enum):
    """The member's name, after `PROVIDER_`, is the code on the wire."""

    AUTH = _Meaning(UpstreamError, "{provider} refused the function's credentials.")
    QUOTA_EXHAUSTED = _Meaning(UpstreamError, "The account with {provider} has no credit left.")
    REJECTED = _Meaning(UpstreamError, "{provider} rejected the function's request.")
    FAILED = _Meaning(UpstreamError, "{provider} failed.")
    UNREACHABLE = _Meaning(UpstreamError, "{provider} could not be reached.")
    MALFORMED = _Meaning(UpstreamError, "{provider} sent an answer that cannot be read.")
    REFUSED = _Meaning(UpstreamError, "The model of {provider} refused to answer.")
    CONTENT_FILTER = _Meaning(UpstreamError, "{provider} withheld the answer: content filter.")
    INCOMPLETE = _Meaning(UpstreamError, "The answer of {provider} reached its token limit.")
    TRUNCATED = _Meaning(UpstreamError, "The answer of {provider} is cut off: no complete JSON.")
    WRONG_SCHEMA = _Meaning(UpstreamError, "The answer of {provider} breaks the schema asked for.")
    RATE_LIMITED = _Meaning(UnavailableError, "{provider} limits our rate of requests.")
    OVERLOADED = _Meaning(UnavailableError, "{provider} is overloaded.")
    TIMEOUT = _Meaning(UpstreamTimeoutError, "{provider} did not answer in time.")


_FINAL_429 = frozenset({"insufficient_quota", "credit_balance_exhausted"})
_BY_STATUS = {
    401: Fault.AUTH,
    402: Fault.QUOTA_EXHAUSTED,
    403: Fault.AUTH,
    408: Fault.TIMEOUT,
    429: Fault.RATE_LIMITED,
    503: Fault.OVERLOADED,
    504: Fault.TIMEOUT,
    529: Fault.OVERLOADED,
}


def fault_of_status(status: int, code: str | None) -> Fault:
    """Map an HTTP error of a provider to a fault; `code` is the one in its body."""
    if status == 429 and code is not None and (code in _FINAL_429 or "spend_limit" in code):
        return Fault.QUOTA_EXHAUSTED
    return _BY_STATUS.get(status, Fault.FAILED if status >= 500 else Fault.REJECTED)


def upstream_error(fault: Fault, source: Source, **metadata: Any) -> UpstreamError:
    """Build the error to raise; it names the provider and its request, never a key."""
    meaning = fault.value
    known = {"provider": source.provider, "request_id": source.request_id}
    return meaning.kind(
        meaning.sentence.format(provider=source.provider),
        code=f"PROVIDER_{fault.name}",
        metadata={**{k: v for k, v in known.items() if v is not None}, **metadata},
        headers={"Retry-After": source.retry_after} if source.retry_after else None,
    )
