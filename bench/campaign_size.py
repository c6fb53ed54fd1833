"""One campaign of any size against the emulated provider: its pace and memory as it goes."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from datetime import time as clock_time
from pathlib import Path
from typing import Final
from uuid import UUID

from bench.family import family, proportional_bytes
from tests.chaos.scenario import CampaignPlan, OrganizationPlan, Scenario
from tests.chaos.world import Row, World, running_world

_RATE: Final = 600.0
_CONCURRENCY: Final = 300
_STEPS: Final = 100
_PATIENCE_SECONDS: Final = 120.0
_CAMPAIGN: Final = UUID(int=2, version=4)
_ORGANIZATION: Final = UUID(int=1, version=4)


@dataclass(slots=True)
class Progress:
    """How far the campaign has come, and how fast since the last line."""

    contacts: int
    began: float = field(default_factory=time.monotonic)
    _last: tuple[float, int] = (0.0, 0)

    def report(self, row: Row, memory: tuple[int, int]) -> str:
        """`memory` is that of the functions' processes and that of Postgres."""
        seconds = time.monotonic() - self.began
        passed, done = seconds - self._last[0], row["dials"] - self._last[1]
        self._last = (seconds, row["dials"])
        return (
            f"{seconds:8.0f} s  {row['processed']:>9} of {self.contacts} done"
            f"  {row['dials']:>9} dials  {done / passed:6.0f} dials/s"
            f"  {1000 * passed / max(done, 1):6.2f} ms/dial"
            f"  functions {memory[0] >> 20} MB, Postgres {memory[1] >> 20} MB"
        )


def call_everyone(contacts: int) -> None:
    """Until everybody is reached or given up; one line for each hundredth."""
    with tempfile.TemporaryDirectory(prefix="edge-campaign-") as folder:
        scenario = _scenario()
        with running_world(scenario, Path(folder), rate=_RATE) as world, world.minutely_checks():
            world.control(calls_per_second=100_000, retained_calls=1000)
            _add_contacts(world, contacts)
            _start(world)
            for line in _watch(world, contacts):
                print(line, flush=True)
            for problem in _problems(world, contacts):
                print(f"BROKEN: {problem}", flush=True)


def _scenario() -> Scenario:
    campaign = CampaignPlan(
        _CAMPAIGN, "everyone", (), clock_time(0), clock_time.max, (1, 2, 3, 4, 5, 6, 7), 3, None
    )
    organization = OrganizationPlan(
        _ORGANIZATION, "large", "+14155550000", (campaign,), frozenset[str]()
    )
    return Scenario(
        seed=1,
        begins_at=datetime(2026, 10, 30, 18, tzinfo=UTC),
        organizations=(organization,),
        blows=(),
        concurrency_limit=_CONCURRENCY,
        faults=(),
    )


def _add_contacts(world: World, contacts: int) -> None:
    with world.connect() as connection:
        connection.execute(
            "insert into campaign_contacts"
            " (campaign_id, organization_id, name, phone, time_zones, next_attempt_at)"
            " select %s, %s, 'Person ' || n, '+1' || (2120000000 + n), '{America/New_York}', %s"
            " from generate_series(1, %s) as n",
            (_CAMPAIGN, _ORGANIZATION, world.scenario.begins_at, contacts),
        )
        connection.execute("update dial_pace set calls_per_second = 10000, tokens = 10000")
        connection.execute("analyze campaign_contacts")


def _start(world: World) -> None:
    ((_, campaign),) = world.scenario.campaigns
    answer = world.trigger("start_campaign", campaign)
    if answer is None or answer.is_error:
        raise SystemExit(f"the campaign does not start: {answer and answer.text}")


def _watch(world: World, contacts: int) -> Iterator[str]:
    progress = Progress(contacts)
    step = max(contacts // _STEPS, 1)
    shown, last, changed = 0, -1, time.monotonic()
    while True:
        row = _state(world)
        is_over = row["status"] != "active"
        if row["dials"] - shown >= step or is_over:
            shown = row["dials"]
            world.http.delete("/providers/retell/_ledger").raise_for_status()
            yield progress.report(row, _memory(world))
        if is_over:
            return
        if row["dials"] != last:
            last, changed = row["dials"], time.monotonic()
        elif time.monotonic() - changed > _PATIENCE_SECONDS:
            yield "nothing happens any more"
            return
        if not row["open"] and row["due"] and row["due"] > world.now():
            world.jump(row["due"])
            world.trigger("schedule_check")
        time.sleep(0.25)


def _memory(world: World) -> tuple[int, int]:
    postgres = world.stack.cluster.pid
    return (
        proportional_bytes(world.function_processes()),
        proportional_bytes(family(postgres)) if postgres else 0,
    )


def _state(world: World) -> Row:
    (row,) = world.rows(
        "select c.status, s.processed,"
        " (select coalesce(max(id), 0) from call_events) as events,"
        " (select count(*) from call_attempts where status in"
        "   ('claimed', 'dialing', 'placed', 'unresolved')) as open,"
        " (select next_attempt_at from campaign_contacts where status = 'pending'"
        "   and campaign_id = c.id order by next_attempt_at limit 1) as due"
        " from call_campaigns c join campaign_statistics s on s.campaign_id = c.id"
        " where c.id = %(id)s",
        id=_CAMPAIGN,
    )
    dials = world.control()["requests_ever"]
    return {**row, "dials": dials}


def _problems(world: World, contacts: int) -> Iterator[str]:
    (row,) = world.rows(
        "select (select count(*) from campaign_contacts where completed_at is not null) as done,"
        " (select sum(duration_ms) from campaign_contacts) as talked,"
        " (select sum(duration_ms) from calls) as called,"
        " (select count(*) from calls where status not in ('completed', 'failed')) as open_calls,"
        " s.processed, s.duration_ms from campaign_statistics s where s.campaign_id = %(id)s",
        id=_CAMPAIGN,
    )
    if row["done"] != contacts or row["processed"] != contacts:
        yield f"{row['done']} of {contacts} are done, {row['processed']} by the statistics"
    if not row["talked"] == row["called"] == row["duration_ms"]:
        yield f"durations differ: {row}"
    if row["open_calls"]:
        yield f"{row['open_calls']} calls are still open"
