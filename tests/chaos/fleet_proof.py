"""A campaign and talk tracks over several instances, of which one is killed in the middle.

The embedded stack plays the hosted project: data API, Auth, and the providers over HTTP. It serves
no function: those are the instances', and all that calls them goes through the balancer. The
platform's scheduler is played by whoever posts `schedule_check` and `reap` once a second.
"""

import tempfile
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as Clock  # noqa: N812 - `time` is the module here
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx

from edge.project.settings import SECRET_KEY
from tests.chaos.fleet import Fleet, fleet
from tests.chaos.scenario import CampaignPlan, ContactPlan, OrganizationPlan, Scenario
from tests.chaos.simulation import Report, play
from tests.chaos.world import Row, World, running_world
from tests.support.processes import ROOT
from tests.support.repeating import repeating
from tests.support.talk_tracks.users import User, create_user, delay
from tests.support.waiting import PATIENCE

SERVED: Final = ("campaign_trigger", "retell_webhook", "talk_track_jobs", "generate_talk_track")
SLIDES: Final = 6
_RATE: Final = 40.0
_USERS: Final = 10
_CALL_SECONDS: Final = 1.0
_CALLS_EACH: Final = 5  # three chunks, and what is asked again
_PATIENCE_SECONDS: Final = 240.0
_SCHEDULE_SECONDS: Final = 1.0
_OPEN_CALL_SECONDS: Final = 10.0
_SETTINGS: Final = {
    "RETELL_API_KEY": "key_of_the_proof",
    "OPENAI_API_KEY": "key_of_the_proof",
    "TALK_TRACK_CHUNK_SIZE": "2",
    "TALK_TRACK_LEASE_SECONDS": "5",
    "TALK_TRACK_CALLS_PER_MINUTE": "100000",
}


@dataclass(frozen=True, slots=True)
class Size:
    """So many instances, contacts and talk tracks; of one instance none is killed."""

    instances: int
    contacts: int
    tracks: int


@dataclass(frozen=True, slots=True)
class Killing:
    """What was under way when the instance was killed."""

    calls: int
    jobs: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it; `track_rate` is talk tracks a second until half of them were written."""

    size: Size
    campaign: Report
    track_faults: tuple[str, ...]
    track_rate: float
    killing: Killing | None
    seconds: float

    @property
    def faults(self) -> Iterator[str]:
        """Whatever is lost, done twice, or left for a person; none if all is well."""
        yield from self.campaign.violations
        yield from self.track_faults
        if self.campaign.resumed:
            yield f"a person had to resume a campaign {self.campaign.resumed} times"

    def describe(self) -> str:
        under_way = "nothing killed"
        if self.killing:
            under_way = f"killed with {self.killing.calls} calls and {self.killing.jobs} jobs open"
        return (
            f"{self.size.instances} instances, {under_way}: {self.size.contacts} contacts,"
            f" {self.campaign.calls} calls, {self.size.tracks} talk tracks of {SLIDES} slides"
            f" ({self.track_rate:.2f}/s until half) in {self.seconds:.0f} s"
        )


def prove(size: Size) -> Proof:
    """Run it all at once to its end, and look at what is there then."""
    with (
        tempfile.TemporaryDirectory(prefix="edge-scaling-") as folder,
        _project(Path(folder), size) as (world, instances),
    ):
        return _Exercise(world, instances, size).carry_out()


@contextmanager
def _project(folder: Path, size: Size) -> Generator[tuple[World, Fleet]]:
    hosted, served = folder / "hosted", folder / "served"
    for root in (hosted, served):
        (root / "functions").mkdir(parents=True)
    (hosted / "supabase").symlink_to(ROOT / "supabase")
    (served / "shared").symlink_to(ROOT / "shared")
    for name in SERVED:
        (served / "functions" / name).symlink_to(ROOT / "functions" / name)
    scenario = _plan(size.contacts)
    with (
        running_world(scenario, folder / "state", rate=_RATE, root=hosted) as world,
        fleet(served, _variables(world), size.instances) as instances,
    ):
        world.functions_url = instances.functions_url
        world.control(webhook_url=f"{instances.functions_url}/retell-webhook")
        yield world, instances


def _plan(contacts: int) -> Scenario:
    """One call for each, at any hour; the provider loses and repeats some of its webhooks."""
    people = tuple(
        ContactPlan(f"+1212{2_000_000 + n}", f"Person {n}", ("America/New_York",))
        for n in range(contacts)
    )
    campaign = CampaignPlan(
        uuid4(), "Everybody", people, Clock(0), Clock(23, 59), (1, 2, 3, 4, 5, 6, 7), 1, None
    )
    organization = OrganizationPlan(
        uuid4(), "Shop", "+14155550100", (campaign,), frozenset(p.phone for p in people[::50])
    )
    faults = tuple(
        {"endpoint": "webhook", "kind": kind, "rate": 0.05} for kind in ("lost", "duplicated")
    )
    return Scenario(1, datetime(2026, 6, 2, 14, tzinfo=UTC), (organization,), (), faults)


def _variables(world: World) -> dict[str, str]:
    settings = world.stack.settings
    platform = settings.platform_variables()
    del platform["SUPABASE_DB_URL"]  # not needed
    return {
        **platform,
        **_SETTINGS,
        "SUPABASE_JWT_SECRET": settings.jwt_secret,
        "RETELL_BASE_URL": f"{settings.api_url}/providers/retell",
        "OPENAI_BASE_URL": f"{settings.api_url}/providers/openai/v1",
    }


@dataclass(frozen=True, slots=True)
class _Exercise:
    world: World
    instances: Fleet
    size: Size

    def carry_out(self) -> Proof:
        began = time.monotonic()
        details = self.world.stack.settings.describe()
        delay(details, _CALL_SECONDS, times=_CALLS_EACH * self.size.tracks)
        users = [create_user(details, _deck()) for _ in range(min(_USERS, self.size.tracks))]
        with ThreadPoolExecutor() as pool, self._reaping():
            dialling = pool.submit(play, self.world)
            started = time.monotonic()
            self._create_jobs(users)
            self._await_tracks(self.size.tracks // 2)
            track_rate = (self.size.tracks // 2) / (time.monotonic() - started)
            killing = self._kill() if self.size.instances > 1 else None
            self._await_tracks(self.size.tracks)
            campaign = dialling.result()
        seconds = time.monotonic() - began
        faults = tuple(_check_tracks(self.world, self.size.tracks))
        return Proof(self.size, campaign, faults, track_rate, killing, seconds)

    def _create_jobs(self, users: Sequence[User]) -> None:
        """Create jobs through the balancer, all users at once."""
        shares = [len(range(first, self.size.tracks, len(users))) for first in range(len(users))]
        with ThreadPoolExecutor(len(users)) as pool:
            list(pool.map(self._create_jobs_as, users, shares))

    def _create_jobs_as(self, user: User, tracks: int) -> None:
        url = f"http://127.0.0.1:{self.instances.port}"
        with httpx.Client(base_url=url, headers=user.headers, timeout=PATIENCE) as client:
            for _ in range(tracks):
                user.create(client)

    def _await_tracks(self, wanted: int) -> None:
        """Wait until that many are written or the deadline passes."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._state()["written"] < wanted and time.monotonic() < deadline:
            time.sleep(0.1)

    def _kill(self) -> Killing:
        """While a call is open, if there is one soon."""
        deadline = time.monotonic() + _OPEN_CALL_SECONDS
        while not (state := self._state())["calls"] and time.monotonic() < deadline:
            time.sleep(0.02)
        self.instances.kill_one()
        return Killing(calls=state["calls"], jobs=state["jobs"])

    def _state(self) -> Row:
        (row,) = self.world.rows(
            "select (select count(*) from talk_track_jobs where status = 'completed') as written,"
            " (select count(*) from talk_track_jobs where status = 'processing') as jobs,"
            " (select count(*) from call_attempts"
            "  where status in ('claimed', 'dialing', 'placed')) as calls"
        )
        return row

    def _reaping(self) -> AbstractContextManager[None]:
        """What the platform's scheduler posts for generate-talk-track."""
        headers = {"apikey": SECRET_KEY, "authorization": f"Bearer {SECRET_KEY}"}
        url = f"{self.instances.functions_url}/generate-talk-track"

        def reap() -> None:
            with suppress(httpx.HTTPError):
                httpx.post(url, json={"action": "reap"}, headers=headers, timeout=PATIENCE)

        return repeating(reap, _SCHEDULE_SECONDS)


def _deck() -> Mapping[str, Any]:
    slides = [
        {"slideNumber": n, "title": f"Step {n}", "description": f"What step {n} gives a customer."}
        for n in range(1, SLIDES + 1)
    ]
    return {"slides": slides, "total_slides": SLIDES}


def _check_tracks(world: World, wanted: int) -> Iterator[str]:
    """Each job has one talk track, with every slide once and in order."""
    jobs = world.rows(
        "select j.id::text, j.status, j.error_message, t.content, jsonb_path_query_array("
        "t.slide_timings, '$.slides[*].slideNumber') as numbers"
        " from talk_track_jobs j left join talk_tracks t on t.id = j.talk_track_id"
    )
    (stored,) = world.rows("select count(*) as tracks from talk_tracks")
    if not len(jobs) == stored["tracks"] == wanted:
        yield f"{wanted} talk tracks were asked for: {len(jobs)} jobs, {stored['tracks']} written"
    for job in jobs:
        if job["status"] != "completed":
            yield f"job {job['id']} is {job['status']}: {job['error_message']}"
        elif job["numbers"] != [*range(1, SLIDES + 1)] or _headings(job["content"]) != SLIDES:
            yield f"job {job['id']} has the slides {job['numbers']}"


def _headings(content: str) -> int:
    return content.count("\n## Slide ")
