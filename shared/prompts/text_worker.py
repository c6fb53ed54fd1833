"""Asks the chat workers of the project by HTTP: the healthy ones, one after another.

POST {base_url}/enhance or /chat with {messages, max_tokens, temperature, top_p, sfw_mode} answers
{success, enhanced_prompt or response, generation_time, tokens_generated, model_info}.
"""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, cast

import httpx
from pydantic_core import from_json

from shared.context import Context
from shared.database.clients import http_pool
from shared.env import environment
from shared.errors import UnavailableError, UpstreamError, UpstreamTimeoutError
from shared.http.deadline import seconds_left

_CONNECT_SECONDS: Final = 2.0
_KEPT_SECONDS: Final = 2.0
_LARGEST_ANSWER: Final = 1 << 20

Message = Mapping[str, str]


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


@dataclass(frozen=True, slots=True)
class TextWorker:
    """A healthy chat worker."""

    base_url: str
    key_secret: str | None = None


@dataclass(slots=True)
class _Known:
    """The workers of this process's project, asked for every two seconds at most."""

    workers: tuple[TextWorker, ...] = ()
    until: float = 0.0
    turns: "itertools.count[int]" = field(default_factory=itertools.count)


@cache
def _known() -> _Known:
    return _Known()


async def ask_workers(ctx: Context, path: str, request: TextRequest) -> TextAnswer:
    """Return the first good answer of a healthy worker.

    Raises UnavailableError WORKER_NOT_CONFIGURED if there is none, otherwise the last failure.
    """
    workers = await _find_workers(ctx)
    if not workers:
        raise UnavailableError(
            "No chat worker is healthy. Register one with register-chat-worker.",
            code="WORKER_NOT_CONFIGURED",
        )
    failure: UpstreamError | None = None
    async with asyncio.timeout(request.seconds + _CONNECT_SECONDS):
        for worker in workers:
            try:
                return await _ask(worker, path, request)
            except UpstreamError as exc:
                ctx.note(worker_failure={"url": worker.base_url, "code": exc.code})
                failure = exc
    assert failure is not None
    raise failure


async def _find_workers(ctx: Context) -> list[TextWorker]:
    """Return the healthy workers, each request beginning with the next one."""
    known = _known()
    if time.monotonic() >= known.until:
        query = (
            ctx.admin.table("workers")
            .select("base_url, key_secret, blocked_until")
            .eq("worker_type", "chat")
            .eq("enabled", value=True)
            .eq("health", "healthy")
            .order("weight", desc=True)
            .limit(20)
        )
        rows = cast("list[dict[str, Any]]", (await query.execute()).data)
        known.workers = tuple(TextWorker(row["base_url"], row["key_secret"]) for row in rows)
        known.until = time.monotonic() + _KEPT_SECONDS
    if not known.workers:
        return []
    first = next(known.turns) % len(known.workers)
    return [*known.workers[first:], *known.workers[:first]]


async def _ask(worker: TextWorker, path: str, request: TextRequest) -> TextAnswer:
    body = {
        "messages": list(request.messages),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "sfw_mode": request.sfw,
        **request.extra,
    }
    seconds = min(request.seconds, seconds_left())
    try:
        content = await _post(worker, path, body, seconds)
    except (httpx.TimeoutException, TimeoutError) as exc:
        raise UpstreamTimeoutError(
            f"The chat worker did not answer within {seconds:g} s.", code="WORKER_TIMEOUT"
        ) from exc
    except httpx.HTTPError as exc:
        raise _failed("The chat worker cannot be reached.") from exc
    return _read(content)


async def _post(
    worker: TextWorker, path: str, body: Mapping[str, Any], seconds: float
) -> bytearray:
    key = environment().get(worker.key_secret) if worker.key_secret else None
    content = bytearray()
    async with (
        asyncio.timeout(seconds),
        http_pool(worker.base_url).stream(
            "POST",
            f"{worker.base_url.rstrip('/')}{path}",
            json=body,
            headers={"authorization": f"Bearer {key}"} if key else {},
            timeout=httpx.Timeout(seconds, connect=_CONNECT_SECONDS),
            follow_redirects=False,
        ) as response,
    ):
        if response.status_code != 200:
            raise _failed(f"The chat worker answered {response.status_code}.")
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > _LARGEST_ANSWER:
                raise _failed("The chat worker's answer is longer than 1 MB.")
    return content


def _read(content: bytearray) -> TextAnswer:
    try:
        answer: Any = from_json(bytes(content))
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
