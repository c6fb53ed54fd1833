"""Measures requests and stores the counts once a second at most, after the responses."""

import asyncio
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import httpx
from postgrest.exceptions import APIError

from shared.context import Context
from shared.database.rpc import call_rpc
from shared.env import SupabaseEnv
from shared.errors import FunctionError
from shared.monitoring.counts import Counts, Record
from shared.runtime.background import Reason

_FLUSH_SECONDS: Final = 1.0
_CALL_SECONDS: Final = 10.0
_MOST_KEPT: Final = 240  # minutes of counts that wait for a database that is down

_Minute = tuple[str, str]


@dataclass(slots=True)
class Monitor:
    """The counts of this process that are not stored yet."""

    _counts: dict[_Minute, Counts] = field(default_factory=dict[_Minute, Counts], init=False)
    _is_scheduled: bool = field(default=False, init=False)
    _env: SupabaseEnv | None = field(default=None, init=False)

    def add(self, ctx: Context, record: Record) -> None:
        """Count a request, and have the counts stored soon."""
        minute = datetime.now(UTC).replace(second=0, microsecond=0).isoformat()
        self._counts.setdefault((ctx.env.function, minute), Counts()).add(record)
        self._env = ctx.env.supabase
        ctx.on_shutdown(_flush_at_end)
        if not self._is_scheduled:
            self._is_scheduled = True
            ctx.wait_until(self._flush_later())

    async def flush(self) -> None:
        """Store the counts; if that fails they are kept for the next time."""
        counts, self._counts = self._counts, {}
        if not counts or self._env is None:
            return
        rows = [_render(minute, count) for minute, count in counts.items()]
        try:
            await call_rpc(
                self._env,
                None,
                "record_function_metrics_v1",
                {"rows": rows},
                seconds=_CALL_SECONDS,
            )
        except (httpx.TransportError, APIError) as exc:
            sys.stderr.write(f"Metrics are not stored: {type(exc).__name__}\n")
            self._keep(counts)

    def _keep(self, counts: dict[_Minute, Counts]) -> None:
        for minute, count in counts.items():
            if len(self._counts) < _MOST_KEPT and minute not in self._counts:
                self._counts[minute] = count

    async def _flush_later(self) -> None:
        await asyncio.sleep(_FLUSH_SECONDS)
        self._is_scheduled = False
        await self.flush()


def _render(minute: _Minute, count: Counts) -> dict[str, Any]:
    counted = {each.name: getattr(count, each.name) for each in fields(count)}
    return {"function_name": minute[0], "minute": minute[1], **counted}


@cache
def process_monitor() -> Monitor:
    """Return the monitor of this process."""
    return Monitor()


async def _flush_at_end(_reason: Reason) -> None:
    await process_monitor().flush()


@contextmanager
def monitored(ctx: Context) -> Generator[Record]:
    """Measure what happens inside: `with monitored(ctx) as record: …`.

    The handler sets cache_hit and fallback_level; they are in the request's log line too.
    """
    record = Record()
    began = time.perf_counter()
    try:
        yield record
    except FunctionError as exc:
        record.error_code = exc.code
        raise
    except Exception:
        record.error_code = "INTERNAL_ERROR"
        raise
    finally:
        record.duration_ms = (time.perf_counter() - began) * 1000
        ctx.note(**record.render())
        process_monitor().add(ctx, record)
