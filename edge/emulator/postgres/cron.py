"""Run the jobs of cron.job, as pg_cron's background worker does: in UTC, as the job's user."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from edge.emulator.clock import Clock
from edge.emulator.postgres.listening import Connection, listen
from edge.emulator.scheduler import next_time

_LOG: Final = logging.getLogger(__name__)
_LONGEST_WAIT: Final = 30.0
_HURRIED_WAIT: Final = 1.0
_MOST_AT_ONCE: Final = 32
_KEPT_RUNS: Final = 10_000
_JOBS: Final = "select jobid, schedule, command, database, username from cron.job where active"
_JOB: Final = "select jobid, schedule, command, database, username from cron.job where jobid = %s"
_START: Final = """\
insert into cron.job_run_details
  (jobid, job_pid, database, username, command, status, start_time)
values (%s, %s, %s, %s, %s, 'running', clock_timestamp()) returning runid"""
_END: Final = """\
update cron.job_run_details set status = %s, return_message = %s, end_time = clock_timestamp()
where runid = %s"""
_FORGET: Final = "delete from cron.job_run_details where runid <= %s"


@dataclass(frozen=True, slots=True)
class Job:
    """A row of cron.job."""

    id: int
    schedule: str
    command: str
    database: str
    user: str


@dataclass(slots=True)
class Cron:
    """Runs what is due by `clock`; `dsn` is a superuser's, whose server lets it in as any role.

    A job that still runs when it is due again lets that one pass.
    """

    dsn: str
    clock: Clock
    _since: datetime = field(init=False)
    _runs: dict[int, asyncio.Task[None]] = field(
        default_factory=dict[int, "asyncio.Task[None]"], init=False
    )
    _running: asyncio.Task[None] | None = field(default=None, init=False)

    def start(self) -> None:
        """From within the event loop that waits for the jobs."""
        self._since = self._now()
        self._running = asyncio.create_task(listen(self.dsn, "edge_cron", self._tick))

    async def close(self) -> None:
        """Stop, and cancel the jobs that run."""
        tasks = [task for task in (self._running, *self._runs.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def run_now(self, job_id: int) -> bool:
        """Start a job whatever its schedule; False if there is none, or it runs already."""
        async with await Connection.connect(self.dsn, autocommit=True) as connection:
            found = await connection.execute(_JOB, (job_id,))
            row = await found.fetchone()
        if row is None or job_id in self._runs or len(self._runs) >= _MOST_AT_ONCE:
            return False
        self._run(Job(*row))
        return True

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)

    async def _tick(self, connection: Connection) -> float:
        """Start what fell due since the last tick; returns the seconds until the next is due."""
        found = await connection.execute("select to_regclass('cron.job')")
        if await found.fetchone() == (None,):
            return _LONGEST_WAIT  # pg_cron's functions notify us once it is created
        jobs = [Job(*row) for row in await (await connection.execute(_JOBS)).fetchall()]
        since, now = self._since, self._now()
        self._since = now
        due = now + timedelta(seconds=_LONGEST_WAIT)
        for job in jobs:
            with suppress(ValueError):
                if _next(job, since) <= now:
                    self._run(job)
                due = min(due, _next(job, now))
        if self.clock.rate > 1:
            return _HURRIED_WAIT
        return (due - self._now()).total_seconds()

    def _run(self, job: Job) -> None:
        if job.id in self._runs or len(self._runs) >= _MOST_AT_ONCE:
            return
        task = asyncio.create_task(_execute(self.dsn, job))
        self._runs[job.id] = task
        task.add_done_callback(lambda _: self._runs.pop(job.id, None))


def _next(job: Job, after: datetime) -> datetime:
    return next_time(job.schedule.strip().lower().replace("$", "L"), after)


async def _execute(dsn: str, job: Job) -> None:
    """Run the command and record how it went."""
    try:
        async with await Connection.connect(dsn, autocommit=True) as records:
            await _execute_recorded(records, dsn, job)
    except psycopg.Error as exc:
        _LOG.warning("The job %d of cron.job: %s", job.id, exc)


async def _execute_recorded(records: Connection, dsn: str, job: Job) -> None:
    as_user = make_conninfo(dsn, dbname=job.database, user=job.user, application_name="pg_cron")
    try:
        async with await Connection.connect(as_user, autocommit=True) as connection:
            pid = connection.info.backend_pid
            values = (job.id, pid, job.database, job.user, job.command)
            row: Any = await (await records.execute(_START, values)).fetchone()
            status, message = await _try(connection, job)
    except psycopg.OperationalError as exc:
        values = (job.id, None, job.database, job.user, job.command)
        row = await (await records.execute(_START, values)).fetchone()
        status, message = "failed", f"connection failed: {exc}"
    await records.execute(_END, (status, message, row[0]))
    await records.execute(_FORGET, (row[0] - _KEPT_RUNS,))
    if status != "failed":
        _LOG.info("The job %d of cron.job succeeded: %s", job.id, message)


async def _try(connection: Connection, job: Job) -> tuple[str, str]:
    try:
        cursor = await connection.execute(job.command.encode())
    except psycopg.Error as exc:
        message = f"ERROR:  {exc.diag.message_primary or exc}"
        _LOG.warning("The job %d of cron.job failed: %s", job.id, message)
        return "failed", message
    tag = cursor.statusmessage or ""
    is_rows = tag.startswith("SELECT ")
    count = cursor.rowcount
    return "succeeded", f"{count} row{'' if count == 1 else 's'}" if is_rows else tag
