"""Asks the chat workers of the project by HTTP: the healthy ones, one after another.

POST {base_url}/enhance or /chat with {messages, max_tokens, temperature, top_p, sfw_mode} answers
{success, enhanced_prompt or response, generation_time, tokens_generated, model_info}.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from typing import Any, Final, cast

from pydantic_core import from_json

from shared.context import Context
from shared.errors import UnavailableError, UpstreamError, UpstreamTimeoutError
from shared.http.deadline import seconds_left
from shared.http.fetch import FetchError, FetchTimeoutError, fetch
from shared.workers.env import call_policy, key_headers, read_chat_seconds
from shared.workers.registry import Registry, Report, Worker, read_workers

_KEPT_SECONDS: Final = 2.0
_LEAST_SECONDS: Final = 1.0
_LARGEST_ANSWER: Final = 1 << 20
_MOST_WORKERS: Final = 50
_MOST_TURNS: Final = 10
_TRIED: Final = 3

_GRACE: Final = timedelta(minutes=2)

Message = Mapping[str, str]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TextRequest:
    """What a model is to answer, and within how much."""

    messages: Sequence[Message]
    max_tokens: int
    temperature: float = 0.7
    top_p: float = 0.9
    sfw: bool = True
    seconds: float = 30.0
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """A text, and which model at which origin wrote it: worker, model or local."""

    text: str
    model: str
    origin: str
    tokens: int | None = None


@dataclass(slots=True)
class _Known:
    """The usable workers of the project, asked for every two seconds at most."""

    turns: tuple[Worker, ...] = ()
    until: float = 0.0
    requests: "count[int]" = field(default_factory=count)


@cache
def _known() -> _Known:
    return _Known()


async def ask_workers(ctx: Context, path: str, request: TextRequest) -> TextAnswer:
    """Return the first good answer of a healthy worker; up to three are asked.

    Raises UnavailableError WORKER_NOT_CONFIGURED if there is none, otherwise the last failure.
    """
    failure: UpstreamError = UnavailableError(
        "No chat worker is healthy. Register one with register-chat-worker.",
        code="WORKER_NOT_CONFIGURED",
    )
    ends_at = time.monotonic() + min(read_chat_seconds(request.seconds), seconds_left())
    for worker in (await _find_workers(ctx))[:_TRIED]:
        seconds = ends_at - time.monotonic()
        if seconds < _LEAST_SECONDS:
            break
        began = time.monotonic()
        try:
            return await _ask(ctx, worker, path, request, seconds)
        except UpstreamError as exc:
            failure = exc
            latency = round((time.monotonic() - began) * 1000)
            _report(ctx, Report(worker, is_healthy=False, latency_ms=latency, error=exc.message))
    raise failure


def _report(ctx: Context, report: Report) -> None:
    """Have the failure counted in the registry, which blocks a worker that goes on failing."""
    ctx.note(worker_failure={"url": report.worker.base_url, "error": report.error})
    _known().until = 0.0
    ctx.wait_until(Registry(ctx.env.supabase).report([report]))


async def _find_workers(ctx: Context) -> list[Worker]:
    """Return the healthy workers; the first is another one each time, by weight."""
    known = _known()
    if time.monotonic() >= known.until:
        known.turns = _weigh(await _fetch_workers(ctx))
        known.until = time.monotonic() + _KEPT_SECONDS
    if not known.turns:
        return []
    first = next(known.requests) % len(known.turns)
    turns = {worker.id: worker for worker in (*known.turns[first:], *known.turns[:first])}
    return sorted(turns.values(), key=lambda worker: worker.health != "healthy")


async def _fetch_workers(ctx: Context) -> list[Row]:
    """Fetch workers that are healthy, or were two minutes ago: one failure takes none away."""
    now = datetime.now(UTC)
    recently = (now - _GRACE).isoformat()
    query = (
        ctx.admin.table("workers")
        .select("*")
        .eq("worker_type", "chat")
        .eq("enabled", value=True)
        .or_(f'health.eq.healthy,last_seen_at.gt."{recently}"')
        .order("created_at")
        .limit(_MOST_WORKERS)
    )
    rows = cast("list[Row]", (await query.execute()).data)
    blocked = [row["blocked_until"] for row in rows]
    usable = [not until or datetime.fromisoformat(until) <= now for until in blocked]
    return [row for row, is_usable in zip(rows, usable, strict=True) if is_usable]


def _weigh(rows: Sequence[Row]) -> tuple[Worker, ...]:
    """Return each worker as often as its weight says, in rounds, so that turns alternate."""
    rounds = range(_MOST_TURNS)
    return tuple(
        worker
        for turn in rounds
        for row, worker in zip(rows, read_workers(rows), strict=True)
        if turn < min(row["weight"], _MOST_TURNS)
    )


async def _ask(
    ctx: Context, worker: Worker, path: str, request: TextRequest, seconds: float
) -> TextAnswer:
    body = {
        "messages": list(request.messages),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "sfw_mode": request.sfw,
        **request.extra,
    }
    rules = call_policy(ctx.env.supabase, seconds=seconds, max_bytes=_LARGEST_ANSWER)
    policy = replace(rules, keeps_connections=True)
    headers = key_headers(worker.key_secret)
    try:
        answer = await fetch(
            f"{worker.base_url}{path}", policy, method="POST", headers=headers, json=body
        )
    except FetchTimeoutError as exc:
        raise UpstreamTimeoutError(
            f"The chat worker did not answer within {seconds:.1f} s.", code="WORKER_TIMEOUT"
        ) from exc
    except FetchError as exc:
        raise _failed(f"The chat worker cannot be used: {exc}") from exc
    if answer.status != 200:
        raise _failed(f"The chat worker answered {answer.status}.")
    return _read(answer.content)


def _read(content: bytes) -> TextAnswer:
    try:
        answer: Any = from_json(content)
        is_success = answer.get("success", True) is True
        text = answer.get("enhanced_prompt") or answer.get("response")
    except (ValueError, AttributeError) as exc:
        raise _failed("The chat worker sent an answer that cannot be read.") from exc
    if not is_success or not isinstance(text, str) or not text.strip():
        raise _failed("The chat worker did not produce a text.")
    tokens = answer.get("tokens_generated")
    return TextAnswer(
        text.strip(),
        _model_name(answer.get("model_info"), answer.get("model")),
        "worker",
        tokens if isinstance(tokens, int) else None,
    )


def _model_name(info: object, model: object) -> str:
    if isinstance(info, Mapping):
        named = cast("Mapping[str, object]", info)
        info = named.get("model_name") or named.get("model") or named.get("name")
    return next((name[:100] for name in (info, model) if isinstance(name, str) and name), "unknown")


def _failed(message: str) -> UpstreamError:
    return UpstreamError(message, code="WORKER_FAILED")
