"""What a seed stands for: who calls whom, when, under which faults, and what breaks meanwhile."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

# Moments shortly before the clocks change somewhere.
BEGINNINGS = (
    datetime(2026, 10, 23, 15, tzinfo=UTC),  # Europe puts its clocks back on the 25th
    datetime(2026, 10, 30, 18, tzinfo=UTC),  # North America on the 1st of November
    datetime(2027, 3, 12, 17, tzinfo=UTC),  # North America puts them forward on the 14th
    datetime(2027, 3, 26, 14, tzinfo=UTC),  # Europe on the 28th
)
_PLACES = (
    ("+1212", ("America/New_York",)),
    ("+1312", ("America/Chicago",)),
    ("+1303", ("America/Denver",)),
    ("+1213", ("America/Los_Angeles",)),
    ("+1709", ("America/St_Johns",)),
    ("+1906", ("America/New_York", "America/Menominee")),
    ("+4420", ("Europe/London",)),
    ("+4930", ("Europe/Berlin",)),
    ("+9122", ("Asia/Kolkata",)),
    ("+6188", ("Australia/Adelaide",)),
)
# What may go wrong at the provider, and in which share of the seeds it does.
_FAULTS: tuple[tuple[float, dict[str, Any]], ...] = (
    (0.3, {"endpoint": "create_call", "kind": "status", "status": 429, "rate": 0.03}),
    (0.6, {"endpoint": "create_call", "kind": "status", "status": 500, "rate": 0.05}),
    (0.4, {"endpoint": "create_call", "kind": "status", "status": 503, "rate": 0.03}),
    (0.6, {"endpoint": "create_call", "kind": "cut", "rate": 0.06}),
    (0.3, {"endpoint": "create_call", "kind": "hang_after", "rate": 0.02}),
    (0.3, {"endpoint": "read_call", "kind": "status", "status": 500, "rate": 0.2}),
    (0.6, {"endpoint": "webhook", "kind": "lost", "rate": 0.08}),
    (0.6, {"endpoint": "webhook", "kind": "duplicated", "rate": 0.2}),
    (0.6, {"endpoint": "webhook", "kind": "delayed", "seconds": 90, "rate": 0.15}),
    (0.4, {"endpoint": "webhook", "kind": "wrong_signature", "rate": 0.05}),
    (0.4, {"endpoint": "call_end", "kind": "unknown_reason", "rate": 0.04}),
    (0.4, {"endpoint": "call_end", "kind": "slot_leak", "rate": 0.04}),
)


class Blow(StrEnum):
    """What breaks, or is done, in the middle."""

    KILL_WORKER = "kill_worker"
    KILL_ZYGOTE = "kill_zygote"
    RESTART_POSTGRES = "restart_postgres"
    PAUSE = "pause"
    CREDIT = "credit"
    RETRY_FAILED = "retry_failed"
    CANCEL = "cancel"


_SHARES = {Blow.CANCEL: 0.3}  # of the others' likelihood: of what is cancelled there is little left


@dataclass(frozen=True, slots=True)
class ContactPlan:
    """A person to be called."""

    phone: str
    name: str
    time_zones: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """`starts_after_hours` None: started by a person, at once."""

    id: UUID
    name: str
    contacts: tuple[ContactPlan, ...]
    opens_at: time
    closes_at: time
    calling_days: tuple[int, ...]
    max_attempts: int
    starts_after_hours: float | None


@dataclass(frozen=True, slots=True)
class OrganizationPlan:
    """Who calls; `do_not_call` are numbers among the campaigns' that must never ring."""

    id: UUID
    name: str
    from_number: str
    campaigns: tuple[CampaignPlan, ...]
    do_not_call: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`blows` come when that share of the contacts has been dialled once."""

    seed: int
    begins_at: datetime
    organizations: tuple[OrganizationPlan, ...]
    blows: tuple[tuple[float, Blow], ...]
    faults: tuple[dict[str, Any], ...]
    concurrency_limit: int = 20
    reserved_concurrency: int = 0

    @property
    def outbound_limit(self) -> int:
        return self.concurrency_limit - self.reserved_concurrency

    @property
    def campaigns(self) -> Iterator[tuple[OrganizationPlan, CampaignPlan]]:
        for organization in self.organizations:
            for campaign in organization.campaigns:
                yield organization, campaign

    @property
    def fault_names(self) -> Iterator[str]:
        """For a person."""
        for fault in self.faults:
            yield f"{fault.get('status', fault['kind'])} of {fault['endpoint']}"

    @property
    def contact_count(self) -> int:
        return sum(len(campaign.contacts) for _, campaign in self.campaigns)

    @property
    def conditions(self) -> dict[str, Any]:
        """For the provider's control endpoint."""
        return {
            "seed": self.seed,
            "speed": 1,
            "calls_per_second": 1000,
            "concurrency_limit": self.concurrency_limit,
            "reserved_inbound_concurrency": self.reserved_concurrency,
            "leak_seconds": 300,
            "standing_faults": list(self.faults),
        }


def draw_scenario(seed: int, contacts: int) -> Scenario:
    """The same for the same arguments."""
    draw = random.Random(f"campaigns {seed}")
    count = draw.choice((1, 2, 2, 3))
    shares = [contacts // count + (place < contacts % count) for place in range(count)]
    return Scenario(
        seed=seed,
        begins_at=draw.choice(BEGINNINGS),
        organizations=tuple(
            _draw_organization(draw, place, share) for place, share in enumerate(shares)
        ),
        blows=tuple(_draw_blows(draw)),
        faults=tuple(fault for share, fault in _FAULTS if draw.random() < share),
        concurrency_limit=draw.choice((8, 20, 40)),
        reserved_concurrency=draw.choice((0, 0, 2, 5)),
    )


def _draw_organization(draw: random.Random, place: int, contacts: int) -> OrganizationPlan:
    people = [_draw_contact(draw) for _ in range(contacts)]
    count = min(draw.choice((1, 2)), max(contacts, 1))
    # Some people are in both campaigns: even then nobody may talk to two agents at once.
    both = tuple(people[: contacts // 10]) if count > 1 else ()
    split = [people[part::count] for part in range(count)]
    campaigns = tuple(
        _draw_campaign(draw, f"campaign {place}.{number}", (*some, *both))
        for number, some in enumerate(split)
    )
    listed = frozenset(person.phone for person in people if draw.random() < 0.04)
    return OrganizationPlan(
        id=_uuid(draw),
        name=f"organization {place}",
        from_number=f"+1415555{place:04}",
        campaigns=campaigns,
        do_not_call=listed,
    )


def _draw_campaign(
    draw: random.Random, name: str, contacts: tuple[ContactPlan, ...]
) -> CampaignPlan:
    opens, closes = draw.choice(((8, 20), (9, 18), (8, 20), (0, 6)))
    return CampaignPlan(
        id=_uuid(draw),
        name=name,
        contacts=tuple({person.phone: person for person in contacts}.values()),
        opens_at=time(opens),
        closes_at=time(closes),
        calling_days=draw.choice(((1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 5, 6, 7), (1, 3, 5, 7))),
        max_attempts=draw.choice((1, 2, 3, 3)),
        starts_after_hours=draw.choice((None, None, 3.5)),
    )


def _draw_contact(draw: random.Random) -> ContactPlan:
    prefix, zones = draw.choice(_PLACES)
    number = f"{prefix}{draw.randrange(2_000_000, 9_999_999):07}"
    return ContactPlan(number, f"Person {number[-4:]}", zones)


def _draw_blows(draw: random.Random) -> Iterator[tuple[float, Blow]]:
    for share in (0.15, 0.3, 0.45, 0.6, 0.75, 0.9):
        (blow,) = draw.choices(list(Blow), [_SHARES.get(blow, 1) for blow in Blow])
        if blow is Blow.PAUSE or draw.random() < 0.8:
            yield share, blow


def _uuid(draw: random.Random) -> UUID:
    return UUID(int=draw.getrandbits(128), version=4)
