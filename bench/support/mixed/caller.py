"""Calls functions as a careful client does, and keeps what came of each attempt."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import httpx

from bench.support.mixed.site import Site

_ATTEMPTS: Final = 6
_RETRIED: Final = frozenset((429, 500, 502, 503, 504, 546))
_LONGEST_PAUSE: Final = 5.0


@dataclass(slots=True)
class Figures:
    """What came of one function's attempts; `given_up` counts calls that never succeeded."""

    latencies: list[float] = field(default_factory=list[float])
    errors: Counter[str] = field(default_factory=Counter[str])
    calls: int = 0
    given_up: int = 0

    @property
    def attempts(self) -> int:
        return len(self.latencies) + self.errors.total()


@dataclass(slots=True)
class Caller:
    """A client of the balancer; attempts are repeated where a client may do so."""

    site: Site
    http: httpx.AsyncClient
    figures: defaultdict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    surprises: Counter[str] = field(default_factory=Counter[str])
    dice: random.Random = field(default_factory=lambda: random.Random(3))

    async def call(  # noqa: PLR0913 - as many parts as a request has
        self,
        slug: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "POST",
        path: str = "",
        expected: frozenset[int] = frozenset((200,)),
        attempts: int = _ATTEMPTS,
        content: bytes | None = None,
    ) -> httpx.Response | None:
        """Return the expected response, or None once all attempts have failed."""
        figures = self.figures[slug]
        figures.calls += 1
        url = f"{self.site.url}/functions/v1/{slug}{path}"
        own = {name.lower(): value for name, value in (headers or {}).items()}
        headers = {**self.site.service_headers, **own}
        for attempt in range(attempts):
            began = time.perf_counter()
            try:
                answer = await self.http.request(
                    method, url, json=body, content=content, headers=headers
                )
            except httpx.HTTPError as exc:
                figures.errors[f"connection: {type(exc).__name__}"] += 1
                await self._pause(attempt, None)
                continue
            if answer.status_code in expected:
                figures.latencies.append((time.perf_counter() - began) * 1000)
                return answer
            figures.errors[f"{answer.status_code} {_code(answer)}"] += 1
            if answer.status_code not in _RETRIED:
                self.surprises[f"{slug} {answer.status_code} {answer.text[:200]}"] += 1
                break
            await self._pause(attempt, answer)
        figures.given_up += 1
        return None

    async def _pause(self, attempt: int, answer: httpx.Response | None) -> None:
        asked = answer.headers.get("retry-after", "") if answer is not None else ""
        seconds = float(asked) if asked.isdigit() else 0.2 * 2**attempt
        await asyncio.sleep(min(seconds, _LONGEST_PAUSE) * self.dice.uniform(0.5, 1.0))


def _code(answer: httpx.Response) -> str:
    try:
        body: Any = answer.json()
    except ValueError:
        return answer.text[:40]
    members = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    error: Any = members.get("error")
    nested = cast("dict[str, Any]", error).get("code") if isinstance(error, dict) else None
    return str(nested or members.get("code") or "")
