"""What a call was about, by OpenTelemetry's names: a table, or a model, its tokens and cost."""

import re
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote

from edge.recording.capture import Capture

_OPERATIONS: Final = {
    "GET": "SELECT",
    "HEAD": "SELECT",
    "POST": "INSERT",
    "PUT": "UPSERT",
    "PATCH": "UPDATE",
    "DELETE": "DELETE",
}
_MODEL: Final = re.compile(rb'"model"\s*:\s*"([^"\\]{1,200})"')
_INPUT: Final = re.compile(rb'"(?:prompt|input)_tokens"\s*:\s*(\d{1,12})')
_OUTPUT: Final = re.compile(rb'"(?:completion|output)_tokens"\s*:\s*(\d{1,12})')
_READ: Final = re.compile(rb'"cached_tokens"\s*:\s*(\d{1,12})')
_WRITTEN: Final = re.compile(rb'"cache_write_tokens"\s*:\s*(\d{1,12})')
"""Of a cache, as OpenAI tells them: the input tokens include them."""
_READ_BESIDE: Final = re.compile(rb'"cache_read_input_tokens"\s*:\s*(\d{1,12})')
_WRITTEN_BESIDE: Final = re.compile(rb'"cache_creation_input_tokens"\s*:\s*(\d{1,12})')
"""As Anthropic tells them: beside the input tokens. OpenTelemetry's input tokens include them."""
_COST: Final = re.compile(
    rb'"usage"\s*:\s*\{(?:[^{}]|\{[^{}]*\})*?"cost"\s*:\s*(\d{1,9}(?:\.\d{1,20})?)'
)
"""What a provider asks for the answer, in dollars, where it says so: OpenRouter, for one."""
_GENERATIVE: Final = {
    "chat/completions": "chat",
    "responses": "chat",
    "messages": "chat",
    "completions": "text_completion",
    "embeddings": "embeddings",
}


def describe_call(capture: Capture, response: bytes) -> dict[str, Any]:
    """Return attributes of a call to a service or a provider; `response` is what is kept of it."""
    if capture.kind == "rest":
        return _describe_query(capture)
    if capture.kind == "provider":
        whole = response + b"\n" + capture.response_end
        return _describe_provider(capture, b"".join(capture.request_body), whole)
    return {}


def _describe_query(capture: Capture) -> dict[str, Any]:
    parts = _parts(capture.path, 2)
    if parts[:1] == ["rpc"] and len(parts) > 1:
        return {"db.system.name": "postgresql", "db.stored_procedure.name": parts[1]}
    operation = _OPERATIONS.get(capture.scope["method"])
    if not parts or operation is None:
        return {}
    return {
        "db.system.name": "postgresql",
        "db.operation.name": operation,
        "db.collection.name": parts[0],
    }


def _describe_provider(capture: Capture, request: bytes, response: bytes) -> dict[str, Any]:
    provider, *rest = _parts(capture.path, 1) or [""]
    path = "/".join(part for part in rest if part != "v1")
    found: dict[str, Any] = {"peer.service": provider}
    operation = _GENERATIVE.get(path)
    if operation is None:
        return found
    found |= {"gen_ai.provider.name": provider, "gen_ai.operation.name": operation}
    if model := _MODEL.search(request):
        found["gen_ai.request.model"] = model[1].decode("utf-8", "replace")
    if model := _MODEL.search(response):
        found["gen_ai.response.model"] = model[1].decode("utf-8", "replace")
    found |= _describe_tokens(response)
    if cost := _COST.search(response):
        found["gen_ai.usage.cost"] = float(cost[1])
    return found


def _describe_tokens(response: bytes) -> dict[str, int]:
    """Return the counts; of a stream, whose events tell them again, the highest."""
    found: dict[str, int] = {}
    read, written = _count(_READ_BESIDE, response) or 0, _count(_WRITTEN_BESIDE, response) or 0
    if (tokens := _count(_INPUT, response)) is not None:
        found["gen_ai.usage.input_tokens"] = tokens + read + written
    if (tokens := _count(_OUTPUT, response)) is not None:
        found["gen_ai.usage.output_tokens"] = tokens
    if read := read or _count(_READ, response):
        found["gen_ai.usage.cache_read.input_tokens"] = read
    if written := written or _count(_WRITTEN, response):
        found["gen_ai.usage.cache_creation.input_tokens"] = written
    return found


def _count(pattern: re.Pattern[bytes], response: bytes) -> int | None:
    return max(map(int, pattern.findall(response)), default=None)


def _parts(path: str, skipped: int) -> Sequence[str]:
    """Return the parts of a path below its prefix."""
    return [unquote(part)[:200] for part in path.split("/")[1 + skipped :] if part]
