"""Calls functions on their schedules, as pg_cron and pg_net do on the platform.

Times are UTC. A call that is still under way when its next one is due lets that one pass, and what
fell due while the machine slept is not made up for: a schedule says when, not how often in all.
A simulated clock that runs faster speeds up the schedules, up to one call in two seconds.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
from cronsim import CronSim, CronSimError

from edge.emulator.clock import Clock

_LOG: Final = logging.getLogger(__name__)
SECONDS: Final = re.compile(r"^([1-9]|[1-5]\d) seconds?$")
NICKNAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LONGEST_SLEEP: Final = 1.0
_HURRIED_SLEEP: Final = 2.0
_TIMEOUT: Final = 400.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a function is called, as cron's five fields, `@daily` or `N seconds`, and with what."""

    slug: str
    when: str
    body: str


@dataclass(frozen=True, slots=True)
class LastCall:
    """How the last call of a schedule went; `status` is the HTTP one, 0 without an answer."""

    started_at: datetime
    status: int | None = None
    message: str = ""


def next_time(when: str, after: datetime) -> datetime:
    """The first time that `when` names after `after`; ValueError when it names none."""
    if match := SECONDS.match(when):
        step = int(match[1])
        seconds = int(after.timestamp()) // step * step + step
        return datetime.fromtimestamp(seconds, UTC)
    try:
        return next(CronSim(NICKNAMES.get(when, when), after))
    except (CronSimError, StopIteration) as exc:
        raise ValueError(f"{when!r} is no schedule: {exc or 'it names no time'}") from exc


@dataclass(slots=True)
class Scheduler:
    """Posts each schedule's body to its function below `url` when it is due by `clock`."""

    schedules: Callable[[], Iterable[Schedule]]
    url: str
    token: str
    clock: Clock
    last_calls: dict[str, LastCall] = field(default_factory=dict[str, LastCall], init=False)
    _client: httpx.AsyncClient | None = field(default=None, init=False)
    _calls: dict[str, asyncio.Task[None]] = field(
        default_factory=dict[str, "asyncio.Task[None]"], init=False
    )
    _running: asyncio.Task[None] | None = field(default=None, init=False)

    def start(self) -> None:
        """From within the event loop that the calls are to be made on."""
        self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop calling; calls in progress are left to the functions."""
        tasks = [task for task in (self._running, *self._calls.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def run_now(self, slug: str) -> bool:
        """Call a function as its schedule would; False if it has none or its call is under way."""
        schedule = next((each for each in self.schedules() if each.slug == slug), None)
        if schedule is None or self._client is None or slug in self._calls:
            return False
        self._start_call(self._client, schedule)
        return True

    async def _run(self) -> None:
        since = self._now()
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        async with httpx.AsyncClient(
            base_url=self.url, headers=headers, timeout=_TIMEOUT, trust_env=False
        ) as client:
            self._client = client
            while True:
                now = self._now()
                for schedule in tuple(self.schedules()):
                    if _is_due(schedule, since, now) and schedule.slug not in self._calls:
                        self._start_call(client, schedule)
                since = now
                await asyncio.sleep(self._pause(now))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)

    def _pause(self, now: datetime) -> float:
        """Until the next time that is due, at most a second: schedules may change meanwhile."""
        if self.clock.rate > 1:
            return _HURRIED_SLEEP
        latest = now + timedelta(seconds=_LONGEST_SLEEP)
        due = latest
        for schedule in self.schedules():
            with suppress(ValueError):
                due = min(due, next_time(schedule.when, now))
        return max((due - now).total_seconds(), 0.001)

    def _start_call(self, client: httpx.AsyncClient, schedule: Schedule) -> None:
        task = asyncio.create_task(self._call(client, schedule))
        self._calls[schedule.slug] = task
        task.add_done_callback(lambda _: self._calls.pop(schedule.slug, None))

    async def _call(self, client: httpx.AsyncClient, schedule: Schedule) -> None:
        self.last_calls[schedule.slug] = call = LastCall(datetime.now(UTC))
        try:
            answer = await client.post(f"/{schedule.slug}", content=schedule.body)
        except httpx.HTTPError as exc:
            text = str(exc) or type(exc).__name__
            self.last_calls[schedule.slug] = replace(call, status=0, message=text)
            _LOG.warning("The scheduled call of %s failed: %s", schedule.slug, text)
            return
        text = answer.text[:500]
        self.last_calls[schedule.slug] = replace(call, status=answer.status_code, message=text)
        if answer.is_error:
            _LOG.warning("The scheduled call of %s: %d %s", schedule.slug, answer.status_code, text)


def _is_due(schedule: Schedule, since: datetime, now: datetime) -> bool:
    try:
        return next_time(schedule.when, since) <= now
    except ValueError:
        return False  # the function's own settings are refused where they are read
