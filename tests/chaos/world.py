"""The whole stack with a scenario in it, a clock that all of it shares, and hands to break it."""

import os
import signal
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import httpx
import psutil
import psycopg
from psycopg.rows import dict_row

from backend.campaigns.simulated_clock import set_simulated_clock
from edge.events import Event
from edge.project.settings import SECRET_KEY, load_settings
from edge.stack import Stack
from tests.chaos.scenario import CampaignPlan, OrganizationPlan, Scenario
from tests.support.made_database import give_database
from tests.support.paths import ROOT
from tests.support.process_tree import family
from tests.support.repeating import repeating
from tests.support.serving import LoopThread

_DEADLINE = 120.0
_SHORTEST_MINUTE = 1.0
SHORT_JUMP = timedelta(minutes=10)
_OPEN: LiteralString = "'claimed', 'dialing', 'placed', 'unresolved'"
SERVED = ("campaign-trigger", "retell-webhook")
Row = dict[str, Any]


@dataclass(slots=True)
class World:
    """`rate` seconds pass for campaigns and calls in one of ours; `jump` skips idle hours.

    `functions_url` is where the functions are served: by the stack, unless told otherwise.
    """

    scenario: Scenario
    stack: Stack
    rate: float
    functions_url: str = field(init=False)
    http: httpx.Client = field(init=False)
    _anchor: tuple[float, datetime] = field(init=False)

    def __post_init__(self) -> None:
        headers = {"apikey": SECRET_KEY, "authorization": f"Bearer {SECRET_KEY}"}
        self.http = httpx.Client(
            base_url=self.stack.settings.api_url, headers=headers, timeout=_DEADLINE
        )
        self.functions_url = f"{self.stack.settings.api_url}/functions/v1"
        self._anchor = (time.time(), self.scenario.begins_at)

    def now(self) -> datetime:
        """The campaigns' and the calls' time."""
        began, shown = self._anchor
        return shown + timedelta(seconds=(time.time() - began) * self.rate)

    def jump(self, moment: datetime) -> None:
        """Set all clocks, that of the leases too, forward to a moment.

        Not if it is far and a dial has begun meanwhile: between the check of the hours and the ring
        no hours pass.
        """
        is_far = moment - self.now() > SHORT_JUMP
        while True:
            with (
                suppress(psycopg.OperationalError),
                self.connect() as connection,
                connection.transaction(),
            ):
                connection.execute("lock table public.call_attempts in share row exclusive mode")
                open_ones = connection.execute(
                    f"select id from public.call_attempts where status in ({_OPEN})"
                ).fetchall()
                if is_far and open_ones:
                    return
                skipped = self._set_clocks(connection, moment)
                break
        # One by one: in another order than theirs, functions that lock several could not go on.
        for row in open_ones:
            self.rows(
                "update public.call_attempts set lease_expires_at = lease_expires_at - %(skipped)s"
                f" where id = %(id)s and status in ({_OPEN}) returning id",
                skipped=skipped,
                id=row["id"],
            )

    def _set_clocks(self, connection: psycopg.Connection[Row], moment: datetime) -> timedelta:
        skipped = max(moment - self.now(), timedelta())
        self._anchor = (time.time(), self.now() + skipped)
        self.control(clock={"now_ms": self.now().timestamp() * 1000, "rate": self.rate})
        set_simulated_clock(connection, self.now(), self.rate)
        return skipped

    def control(self, **conditions: Any) -> Row:
        """Set the provider's conditions, or with none just read them."""
        answer = self.http.post("/providers/retell/_control", json=conditions)
        return answer.raise_for_status().json()

    def ledger(self) -> Row:
        return self.http.get("/providers/retell/_requests").raise_for_status().json()

    def trigger(self, action: str, campaign: CampaignPlan | None = None) -> httpx.Response | None:
        """What the user or the schedule asks of campaign-trigger; None if it broke meanwhile."""
        body = {"action": action, **({"campaign_id": str(campaign.id)} if campaign else {})}
        try:
            return self.http.post(f"{self.functions_url}/campaign-trigger", json=body)
        except httpx.HTTPError:
            return None

    def minutely_checks(self) -> AbstractContextManager[None]:
        """Call schedule_check once in each of the simulation's minutes, as the schedule does."""
        minute = max(60 / self.rate, _SHORTEST_MINUTE)
        return repeating(lambda: self.trigger("schedule_check"), minute)

    @contextmanager
    def connect(self) -> Generator[psycopg.Connection[Row]]:
        """A session of the database's owner; waits for a server that starts anew."""
        end = time.monotonic() + _DEADLINE
        while True:
            try:
                opened = psycopg.Connection[Row].connect(
                    self.stack.cluster.dsn(), autocommit=True, row_factory=dict_row
                )
                break
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        with opened as connection:
            yield connection

    def rows(self, query: LiteralString, **values: Any) -> list[Row]:
        """The answer of one query, asked again if the server was stopped under it."""
        while True:
            with suppress(psycopg.OperationalError), self.connect() as connection:
                return connection.execute(query, values).fetchall()

    def kill_worker(self, slug: str) -> bool:
        """Kill one process of a function; whether there was one."""
        mark = f"functions/{slug.replace('-', '_')}"
        for pid in self.function_processes()[1:]:
            if _is_about(pid, mark):
                return _kill(pid)
        return False

    def kill_zygote(self) -> bool:
        pids = self.function_processes()
        return bool(pids) and _kill(pids[0])

    def kill_postgres(self) -> bool:
        """End the server without any farewell; the stack starts it again."""
        pid = self.stack.cluster.pid
        return pid is not None and _kill(pid)

    def function_processes(self) -> list[int]:
        """The zygote and its workers."""
        for pid in family(os.getpid())[1:]:
            with suppress(psutil.Error):
                if "edge.runtime.launch.zygote" in psutil.Process(pid).cmdline():
                    return family(pid)
        return []


@contextmanager
def running_world(
    scenario: Scenario, folder: Path, *, rate: float, root: Path = ROOT
) -> Generator[World]:
    """A stack of its own in `folder`, told of the scenario, its clocks at the beginning.

    It serves the functions that dial, if the project at `root` has them.
    """
    settings = load_settings(
        root,
        port=0,
        db_port=0,
        state_dir=folder,
        environ={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    )
    give_database(root, folder)
    events: list[Event] = []
    settings = replace(
        settings,
        secrets={},
        only=SERVED,
        extensions=replace(settings.extensions, processes=()),  # none of them dials
    )
    stack = Stack(settings, events.append, reload=False, durable=True)
    thread = LoopThread()
    thread.run(stack.start(), deadline=_DEADLINE)
    try:
        world = World(scenario, stack, rate)
        world.control(**scenario.conditions)
        _insert(world)
        world.jump(scenario.begins_at)
        yield world
        world.http.close()
    finally:
        thread.run(stack.close(), deadline=_DEADLINE)
        thread.close()


def _insert(world: World) -> None:
    with world.connect() as connection, connection.transaction():
        for organization in world.scenario.organizations:
            _insert_organization(connection, organization, world.scenario)
            for campaign in organization.campaigns:
                _insert_campaign(connection, organization, campaign, world.scenario.begins_at)


def _insert_organization(
    connection: psycopg.Connection[Row], plan: OrganizationPlan, scenario: Scenario
) -> None:
    connection.execute("insert into organizations (id, name) values (%s, %s)", (plan.id, plan.name))
    connection.execute(
        "insert into agents (organization_id, name, retell_agent_id) values (%s, 'Ada', %s)",
        (plan.id, f"agent_{plan.id.hex}"),
    )
    connection.execute(
        "insert into phone_numbers (organization_id, phone_number, is_primary)"
        " values (%s, %s, true)",
        (plan.id, plan.from_number),
    )
    connection.execute(
        "insert into dial_pace (organization_id, concurrency_limit, current_limit,"
        " calls_per_second, tokens) values (%s, %s, %s, 200, 200)",
        (plan.id, scenario.concurrency_limit, scenario.concurrency_limit),
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into do_not_call (organization_id, phone) values (%s, %s)",
            [(plan.id, phone) for phone in sorted(plan.do_not_call)],
        )


def _insert_campaign(
    connection: psycopg.Connection[Row],
    organization: OrganizationPlan,
    plan: CampaignPlan,
    begins_at: datetime,
) -> None:
    hours = plan.starts_after_hours
    scheduled = None if hours is None else begins_at + timedelta(hours=hours)
    connection.execute(
        "insert into call_campaigns (id, organization_id, agent_id, phone_number_id, name,"
        " opens_at, closes_at, calling_days, max_attempts, scheduled_at)"
        " select %(id)s, o.id, a.id, p.id, %(name)s, %(opens)s, %(closes)s, %(days)s::smallint[],"
        " %(attempts)s, %(scheduled)s from organizations o"
        " join agents a on a.organization_id = o.id"
        " join phone_numbers p on p.organization_id = o.id where o.id = %(organization)s",
        {
            "id": plan.id,
            "organization": organization.id,
            "name": plan.name,
            "opens": plan.opens_at,
            "closes": plan.closes_at,
            "days": list(plan.calling_days),
            "attempts": plan.max_attempts,
            "scheduled": scheduled,
        },
    )
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "copy campaign_contacts (campaign_id, organization_id, name, phone, time_zones,"
            " next_attempt_at) from stdin"
        ) as copy,
    ):
        for contact in plan.contacts:
            copy.write_row(
                (
                    plan.id,
                    organization.id,
                    contact.name,
                    contact.phone,
                    list(contact.time_zones),
                    begins_at.astimezone(UTC),
                )
            )


def _is_about(pid: int, mark: str) -> bool:
    """Whether a process serves a function: its folder is its working directory or an argument."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return mark in process.cwd() or any(mark in part for part in process.cmdline())
    return False


def _kill(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False
