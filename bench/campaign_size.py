"""One campaign of any size, from its first call to its last: pace and memory as it goes.

What campaign-trigger and retell-webhook do in the database is done here by as many workers as
share a machine: claim, judge again, place, and apply the three events of each call, as emulated
Retell writes them, until everybody is reached or given up. A claim's contacts are judged in one
round trip, and placed and reported in another; each is a transaction. Hours without due contacts
are skipped. The cost of a dial is given in processor time, of Postgres and of this process, since a
machine may have other work.
"""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import psycopg
from psycopg.rows import dict_row

from backend.campaigns.simulated_clock import set_simulated_clock
from bench.large_campaign import cluster_with, fill
from bench.support.machine import print_machine
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.call_document import render_call
from edge.emulator.providers.retell.call_end import CallStatus
from edge.emulator.providers.retell.call_request import CallRequest
from edge.emulator.providers.retell.outcome import decide_outcome
from edge.operating_system import cpu_seconds
from shared.telephony.event import CallEvent
from shared.telephony.retell import parse_event
from shared.telephony.store import render_event
from tests.support.process_tree import family, proportional_bytes

_WORKERS: Final = 8
_BATCH: Final = 25
_STEPS: Final = 20
_RATE: Final = 600.0
_BEGINS_AT: Final = datetime(2026, 10, 30, 18, tzinfo=UTC)
_PATIENCE_SECONDS: Final = 60.0
Connection = psycopg.Connection[dict[str, Any]]


@dataclass(slots=True)
class Worker:
    """One of the workers that share the campaign; idle when no contact was due."""

    dsn: str
    campaign: str
    ended: threading.Event
    dials: int = 0
    is_idle: bool = False

    def run(self) -> None:
        with connect(self.dsn) as connection:
            while not self.ended.is_set():
                self.is_idle = not self.work(connection)
                if self.is_idle:
                    self.ended.wait(0.05)

    def work(self, connection: Connection) -> bool:
        """Dial a batch and report its calls; whether anybody was due."""
        orders = connection.execute(
            "select attempt_id, lease_token, idempotency_key, contact_id, phone, name,"
            " from_number, retell_agent_id, telephony.now() as now"
            " from public.claim_contacts_v1(%s, %s)",
            (self.campaign, _BATCH),
        ).fetchall()
        with connection.pipeline():
            judged = [
                connection.execute(
                    "select public.begin_dial_v1(%(attempt_id)s, %(lease_token)s) as obstacle",
                    order,
                )
                for order in orders
            ]
        calls = [
            (order["attempt_id"], _play(order, self.campaign))
            for order, verdict in zip(orders, judged, strict=True)
            if (row := verdict.fetchone()) and row["obstacle"] is None
        ]
        if calls:
            self._report(connection, calls)
        return bool(orders)

    def _report(self, connection: Connection, calls: Sequence[tuple[str, Call]]) -> None:
        with connection.pipeline():
            for attempt_id, call in calls:
                connection.execute(
                    "select public.place_call_v1(%s, %s)", (attempt_id, call.call_id)
                )
            events = [event for _, call in calls for event in _report_events(call)]
            connection.execute("select public.apply_call_events_v1(%s)", (_render(events),))
        self.dials += len(calls)


def _play(order: dict[str, Any], campaign: str) -> Call:
    """The call as it is in the end."""
    nth = int(order["idempotency_key"].rpartition(":")[2]) - 1
    metadata = {
        "campaign_id": campaign,
        "contact_id": str(order["contact_id"]),
        "attempt_id": str(order["attempt_id"]),
    }
    request = CallRequest(
        order["from_number"],
        order["phone"],
        agent_id=order["retell_agent_id"],
        metadata=metadata,
        variables={"name": order["name"]},
    )
    now_ms = round(order["now"].timestamp() * 1000)
    outcome = decide_outcome(1, order["phone"], nth)
    return Call(f"call_{uuid4().hex}", request, outcome, now_ms)


def _render(events: Sequence[CallEvent]) -> str:
    return f"[{','.join(render_event(event).decode() for event in events)}]"


def _report_events(call: Call) -> Iterator[CallEvent]:
    """Yield the call's events in order."""
    outcome = call.outcome
    if outcome.is_connected:
        call.status, call.started_ms = CallStatus.ONGOING, call.created_ms + outcome.ring_ms
        yield parse_event("call_started", render_call(call))
    call.end, call.status = outcome.end, outcome.end.status
    call.ended_ms = call.created_ms + outcome.ring_ms + outcome.talk_ms
    yield parse_event("call_ended", render_call(call))
    call.is_analyzed = True
    yield parse_event("call_analyzed", render_call(call))


@dataclass(slots=True)
class Run:
    """One campaign on one database."""

    cluster: Cluster
    dsn: str
    contacts: int
    attempts: int = 3
    campaign: str = ""
    workers: list[Worker] = field(default_factory=list[Worker])
    _began: float = 0.0
    _last: tuple[float, float, int] = (0.0, 0.0, 0)

    def play(self) -> Iterator[str]:
        """Return lines of progress."""
        with connect(self.dsn) as connection:
            self._prepare(connection)
            ended = threading.Event()
            self.workers = [Worker(self.dsn, self.campaign, ended) for _ in range(_WORKERS)]
            threads = [threading.Thread(target=worker.run) for worker in self.workers]
            self._began = time.monotonic()
            for thread in threads:
                thread.start()
            try:
                yield from self._watch(connection)
            finally:
                ended.set()
                for thread in threads:
                    thread.join()
            yield from self._check(connection)

    def _prepare(self, connection: Connection) -> None:
        self.campaign = fill(connection, self.contacts, attempts=self.attempts, due_at=_BEGINS_AT)
        set_simulated_clock(connection, _BEGINS_AT, _RATE)

    def _watch(self, connection: Connection) -> Iterator[str]:
        shown = last = 0
        changed = time.monotonic()
        while True:
            state = self._state(connection)
            is_over = state["status"] != "active"
            if self.dials != last:
                last, changed = self.dials, time.monotonic()
            if self.dials - shown >= max(self.contacts // _STEPS, 1) or is_over:
                shown = self.dials
                yield self._report(state["processed"])
            if is_over:
                return
            if time.monotonic() - changed > _PATIENCE_SECONDS:
                yield f"BROKEN: nothing happens any more: {state}"
                return
            if all(worker.is_idle for worker in self.workers):
                self._skip(connection)
            time.sleep(0.1)

    def _skip(self, connection: Connection) -> None:
        """Jump to when a few are due; whoever is due already waits for the workers only."""
        due = connection.execute(
            "select min(next_attempt_at) + interval '30 minutes' as moment"
            " from public.campaign_contacts where campaign_id = %s and status = 'pending'"
            " having min(next_attempt_at) > telephony.now()",
            (self.campaign,),
        ).fetchone()
        if due is not None:
            set_simulated_clock(connection, due["moment"], _RATE)

    def _state(self, connection: Connection) -> dict[str, Any]:
        state = connection.execute(
            "select c.status, s.processed from public.call_campaigns c"
            " join public.campaign_statistics s on s.campaign_id = c.id where c.id = %s",
            (self.campaign,),
        ).fetchone()
        assert state is not None
        return state

    @property
    def dials(self) -> int:
        return sum(worker.dials for worker in self.workers)

    def _report(self, processed: int) -> str:
        seconds, used = time.monotonic() - self._began, self._processor_seconds()
        passed, spent = seconds - self._last[0], used - self._last[1]
        done = max(self.dials - self._last[2], 1)
        self._last = (seconds, used, self.dials)
        postgres = _bytes_of(family(self.cluster.pid)) if self.cluster.pid else 0
        return (
            f"{seconds:7.0f} s  {processed:>9,} of {self.contacts:,} done  {self.dials:>9,} dials"
            f"  {done / passed:6.0f} dials/s  {1000 * spent / done:6.2f} ms of CPU each"
            f"  Postgres {postgres >> 20} MB, workers {_bytes_of([os.getpid()]) >> 20} MB"
        )

    def _processor_seconds(self) -> float:
        """Of all processes so far; what has ended meanwhile is Postgres's autovacuum at most."""
        pids = family(self.cluster.pid) if self.cluster.pid else ()
        return time.process_time() + sum(cpu_seconds(pid) for pid in pids)

    def _check(self, connection: Connection) -> Iterator[str]:
        found = connection.execute(
            "select count(*) as contacts, count(*) filter (where completed_at is null) as waiting,"
            " sum(duration_ms) as talked, sum(cost_cents) as spent,"
            " (select sum(duration_ms) from public.calls) as calls_talked,"
            " (select count(*) from public.calls) as calls,"
            " (select count(*) from public.call_attempts where status <> 'ended') as open,"
            " (select to_jsonb(s) from public.campaign_statistics s) as figures"
            " from public.campaign_contacts"
        ).fetchone()
        assert found is not None
        figures = found["figures"]
        laws = {
            "everybody is done": found["waiting"] == 0 == found["open"],
            "each dial is a call": found["calls"] == self.dials,
            "figures equal a recount": (figures["processed"], figures["duration_ms"])
            == (found["contacts"], found["talked"]),
            "the calls' durations add up": found["talked"] == found["calls_talked"],
        }
        yield from (f"{'ok' if holds else 'BROKEN'}: {law}" for law, holds in laws.items())


def call_everyone(contacts: int, attempts: int) -> None:
    """Until everybody is reached or given up."""
    print_machine()
    with cluster_with("campaign") as cluster:
        for line in Run(cluster, cluster.dsn("campaign"), contacts, attempts).play():
            print(line, flush=True)


def connect(dsn: str) -> Connection:
    """A session that commits each statement."""
    return psycopg.Connection[dict[str, Any]].connect(dsn, autocommit=True, row_factory=dict_row)


def _bytes_of(pids: Iterable[int]) -> int:
    """Of those that are still there."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            total += proportional_bytes([pid])
    return total
