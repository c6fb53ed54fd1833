"""One run of a scenario to its end: starts, blows, jumps over idle hours, and what was wrong."""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from tests.chaos.invariants import check, gather, sample
from tests.chaos.scenario import Blow, CampaignPlan, Scenario
from tests.chaos.world import SERVED, SHORT_JUMP, Row, World, running_world

_TICK_SECONDS = 0.05
_SAMPLE_SECONDS = 1.0
_PATIENCE_SECONDS = 120.0
# Then leases run out, also of workers that live and only wait: that must do no harm either.
_QUIET_SECONDS = 3.0
_PAUSE_SECONDS = 1.0
RATE = 120.0


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it; `violations` is empty when all held, `resumed` how often a person helped."""

    scenario: Scenario
    violations: tuple[str, ...]
    calls: int
    blows: tuple[str, ...]
    seconds: float
    simulated: timedelta
    resumed: int


def simulate(scenario: Scenario, folder: Path, *, rate: float = RATE) -> Report:
    """Run it on a stack of its own in `folder`."""
    began = time.monotonic()
    with running_world(scenario, folder, rate=rate) as world:
        return replace(play(world), seconds=time.monotonic() - began)


def play(world: World) -> Report:
    """Run the scenario of a world that is there."""
    began = time.monotonic()
    with world.minutely_checks():
        run = _Run(world)
        violations = [*run.play()]
        evidence = gather(world)
        violations += check(evidence)
        simulated = world.now() - world.scenario.begins_at
    return Report(
        world.scenario,
        tuple(violations),
        calls=len(evidence.calls),
        blows=tuple(run.dealt),
        seconds=time.monotonic() - began,
        simulated=simulated,
        resumed=run.resumed,
    )


@dataclass(slots=True)
class _Run:
    world: World
    dealt: list[str] = field(default_factory=list[str])
    resumed: int = 0
    _draw: random.Random = field(init=False)
    _pending: list[tuple[float, Blow]] = field(init=False)
    _progress: tuple[object, ...] = ()
    _progressed: float = field(default_factory=time.monotonic)
    _sampled: float = 0.0
    _jumped: float = 0.0
    _resume_at: dict[CampaignPlan, float] = field(default_factory=dict[CampaignPlan, float])

    def __post_init__(self) -> None:
        self._draw = random.Random(self.world.scenario.seed)
        self._pending = list(self.world.scenario.blows)

    def play(self) -> Iterator[str]:
        """Until everything is over; what was wrong on the way."""
        for _, campaign in self.world.scenario.campaigns:
            if campaign.starts_after_hours is None:
                self._insist("start_campaign", campaign, wanted="active")
        while True:
            state = self._state()
            if self._is_over(state):
                return
            if not self._note_progress(state):
                yield f"nothing happens any more: {state}"
                return
            yield from self._sample()
            self._strike(state)
            self._resume(state)
            self._skip_idle_time(state)
            time.sleep(_TICK_SECONDS)

    def _state(self) -> Row:
        (state,) = self.world.rows(
            """
            select
              (select jsonb_object_agg(id, status) from call_campaigns) as campaigns,
              (select count(*) from call_attempts
               where status in ('claimed', 'dialing', 'placed', 'unresolved')) as open,
              (select count(*) from call_attempts) as attempts,
              (select count(*) from call_events) as events,
              (select min(c.next_attempt_at) from campaign_contacts c
               join call_campaigns p on p.id = c.campaign_id and p.status = 'active'
               where c.status = 'pending') as due,
              (select min(scheduled_at) from call_campaigns
               where status = 'draft') as scheduled,
              (select min(analysis_due_at) from calls) as analysis_due,
              (select count(distinct contact_id) from call_attempts
               where dialed_at is not null) as dialed,
              (select coalesce(max(blocked_until) > now(), false) from dial_pace) as is_blocked,
              (select count(*) from campaign_contacts c
               join call_campaigns p on p.id = c.campaign_id and p.status = 'cancelled'
               where c.status = 'pending') as to_cancel
            """
        )
        provider = self.world.control()
        return {**state, "calls": provider["open_calls"], "webhooks": provider["under_way"]}

    def _is_over(self, state: Row) -> bool:
        statuses = set(state["campaigns"].values())
        awaited = ("open", "calls", "webhooks", "to_cancel", "analysis_due")
        is_quiet = not any(state[what] for what in awaited)
        return is_quiet and statuses <= {"completed", "failed", "cancelled"}

    def _note_progress(self, state: Row) -> bool:
        """Whether something has happened lately."""
        progress = (
            *(state["attempts"], state["events"], state["open"], state["to_cancel"]),
            *(str(state["campaigns"]), state["analysis_due"]),
        )
        if progress != self._progress:
            self._progress, self._progressed = progress, time.monotonic()
        return self._quiet_for() < _PATIENCE_SECONDS

    def _quiet_for(self) -> float:
        return time.monotonic() - self._progressed

    def _sample(self) -> Iterator[str]:
        if time.monotonic() - self._sampled > _SAMPLE_SECONDS:
            yield from sample(self.world)
            self._sampled = time.monotonic()

    def _strike(self, state: Row) -> None:
        share = state["dialed"] / max(1, self.world.scenario.contact_count)
        while self._pending and self._pending[0][0] <= share:
            _, blow = self._pending.pop(0)
            self.dealt.append(blow.value)
            self._deal(blow)

    def _deal(self, blow: Blow) -> None:
        world = self.world
        match blow:
            case Blow.KILL_WORKER:
                world.kill_worker(self._draw.choice(SERVED))
            case Blow.KILL_ZYGOTE:
                world.kill_zygote()
            case Blow.RESTART_POSTGRES:
                world.kill_postgres()
            case Blow.PAUSE:
                world.trigger("pause_campaign", self._draw_campaign())
            case Blow.CANCEL:
                world.trigger("cancel_campaign", self._draw_campaign())
            case Blow.RETRY_FAILED:
                world.trigger("retry_failed", self._draw_campaign())
            case Blow.CREDIT:
                order = {
                    "provider": "retell",
                    "kind": "status",
                    "endpoint": "create_call",
                    "status": 402,
                }
                world.http.post("/providers/_faults", json=order).raise_for_status()

    def _draw_campaign(self) -> CampaignPlan:
        _, campaign = self._draw.choice(list(self.world.scenario.campaigns))
        return campaign

    def _resume(self, state: Row) -> None:
        """What a person does who has read why a campaign pauses."""
        for _, campaign in self.world.scenario.campaigns:
            if state["campaigns"][str(campaign.id)] != "paused":
                self._resume_at.pop(campaign, None)
            elif campaign not in self._resume_at:
                self._resume_at[campaign] = time.monotonic() + _PAUSE_SECONDS
            elif time.monotonic() > self._resume_at[campaign]:
                self.resumed += 1
                self.world.trigger("resume_campaign", campaign)

    def _skip_idle_time(self, state: Row) -> None:
        """Jump to what comes next when nothing goes on before."""
        now = self.world.now()
        if state["open"] or state["calls"] or state["webhooks"]:
            if self._quiet_for() > _QUIET_SECONDS and self._since_jump() > _QUIET_SECONDS:
                self._let_pass(now + SHORT_JUMP)
            return
        moments: list[datetime] = [
            moment
            for moment in (state["due"], state["scheduled"], state["analysis_due"])
            if moment is not None
        ]
        if moments and min(moments) > now + timedelta(minutes=1):
            self._let_pass(min(moments))
        elif moments and not state["is_blocked"] and self._since_jump() > 1:
            self._let_pass(now + timedelta(minutes=1))

    def _since_jump(self) -> float:
        return time.monotonic() - self._jumped

    def _let_pass(self, moment: datetime) -> None:
        self._jumped = time.monotonic()
        self.world.jump(moment)
        self.world.trigger("schedule_check")

    def _insist(self, action: str, campaign: CampaignPlan, *, wanted: str) -> None:
        """Repeat until it is so, as a person would."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            self.world.trigger(action, campaign)
            (row,) = self.world.rows(
                "select status from call_campaigns where id = %(id)s", id=campaign.id
            )
            if row["status"] in {wanted, "completed"}:
                return
            time.sleep(0.2)
        raise AssertionError(f"{action} does not make {campaign.name} {wanted}")
