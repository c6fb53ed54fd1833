"""What must hold however badly things went, read from the database and the provider's ledger."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from edge.emulator.providers.retell.call_document import render_cost
from tests.chaos.scenario import CampaignPlan, ContactPlan, OrganizationPlan, Scenario
from tests.chaos.world import SHORT_JUMP, Row, World

Key = TypeVar("Key")

_DAY_MS = 24 * 3_600_000
_DIALS_A_DAY = 3
_HUNDREDTH = 0.01
_OPT_OUT = "do not call me again"
# Between the last check of the hours and the provider's first ring lies one request of ours, and
# perhaps a short jump of the simulation's clock.
_REQUEST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known at the end."""

    scenario: Scenario
    rate: float
    calls: list[Row]
    deliveries: list[Row]
    creates: list[Row]
    attempts: dict[str, Row]
    contacts: list[Row]
    campaigns: dict[str, Row]
    events: dict[tuple[str, str], Row]
    do_not_call: dict[tuple[str, str], Row]
    statistics: list[Row]
    stored_calls: dict[str, Row]

    def organization_of(self, call: Row) -> str:
        return self.campaigns[call["metadata"]["campaign_id"]]["organization_id"]


def gather(world: World) -> Evidence:
    ledger = world.ledger()
    rows = world.rows
    return Evidence(
        scenario=world.scenario,
        rate=world.rate,
        calls=ledger["calls"],
        deliveries=ledger["deliveries"],
        creates=ledger["creates"],
        attempts={
            row["id"]: row
            for row in rows(
                "select id::text, contact_id, campaign_id::text, organization_id::text, phone,"
                " status, counted, idempotency_key, retell_call_id, dialed_at from call_attempts"
            )
        },
        contacts=rows(
            "select id, campaign_id::text, phone, status, outcome, attempts, dials, duration_ms,"
            " cost_cents, next_attempt_at, connected, successful, voicemail from campaign_contacts"
        ),
        campaigns={
            row["id"]: row
            for row in rows(
                "select id::text, organization_id::text, status, status_reason, max_attempts,"
                " finished_at, (select count(*) from activity_logs l where l.subject = c.id::text"
                " and l.action = 'retry_failed') as retries from call_campaigns c"
            )
        },
        events={
            (row["retell_call_id"], row["event"]): row
            for row in rows("select retell_call_id, event, applied_at from call_events")
        },
        do_not_call={
            (row["organization_id"], row["phone"]): row
            for row in rows(
                "select organization_id::text, phone, reason, created_at from do_not_call"
            )
        },
        statistics=recount(world),
        stored_calls={
            row["retell_call_id"]: row
            for row in rows("select retell_call_id, status, transcript from calls")
        },
    )


def recount(world: World) -> list[Row]:
    """Campaigns whose figures are not what their contacts add up to."""
    return world.rows(
        """
        select s.*, r.* from campaign_statistics s join (
            select campaign_id, count(*) as n,
                   count(*) filter (where status in ('completed', 'failed', 'cancelled')) as done,
                   count(*) filter (where connected) as reached,
                   count(*) filter (where successful) as won,
                   count(*) filter (where voicemail) as machines,
                   count(*) filter (where status = 'failed') as lost,
                   sum(duration_ms) as talked, sum(cost_cents) as spent
            from campaign_contacts group by campaign_id
        ) r using (campaign_id)
        where (s.total, s.processed, s.connected, s.successful, s.voicemail, s.failed,
               s.duration_ms, s.cost_cents)
           is distinct from (r.n, r.done, r.reached, r.won, r.machines, r.lost, r.talked, r.spent)
        """
    )


def sample(world: World) -> Iterator[str]:
    """What must hold at every moment."""
    for row in recount(world):
        yield f"statistics differ from a recount: {row}"
    for row in world.rows(
        "select o.organization_id::text, count(*) as open, p.concurrency_limit,"
        " p.reserved_concurrency from call_attempts o join dial_pace p using (organization_id)"
        " where o.status in ('claimed', 'dialing', 'placed', 'unresolved')"
        " and o.lease_expires_at > now() group by 1, 3, 4"
        " having count(*) > p.concurrency_limit - p.reserved_concurrency"
    ):
        yield f"more slots are taken than there are: {row}"


def check(evidence: Evidence) -> Iterator[str]:
    """Everything that is wrong in the end."""
    for rule in _RULES:
        for violation in rule(evidence):
            yield f"{rule.__name__.removeprefix('_')}: {violation}"


def _one_call_for_an_attempt(evidence: Evidence) -> Iterator[str]:
    calls = _group(evidence.calls, lambda call: call["metadata"]["attempt_id"])
    for attempt_id, made in calls.items():
        if len(made) > 1:
            yield f"attempt {attempt_id} rang {len(made)} times: {[c['call_id'] for c in made]}"
        if attempt_id not in evidence.attempts:
            yield f"call {made[0]['call_id']} is of an attempt that nobody has written down"


def _one_call_at_once_to_a_person(evidence: Evidence) -> Iterator[str]:
    lines = _group(evidence.calls, lambda c: (evidence.organization_of(c), c["to_number"]))
    for (_, number), calls in lines.items():
        ordered = sorted(calls, key=lambda call: call["created_ms"])
        for earlier, later in pairwise(ordered):
            if earlier["ended_ms"] is None or earlier["ended_ms"] > later["created_ms"]:
                yield f"{number} had two calls: {earlier} and {later}"


def _none_outside_hours(evidence: Evidence) -> Iterator[str]:
    plans = {str(campaign.id): campaign for _, campaign in evidence.scenario.campaigns}
    people = {
        (str(campaign.id), contact.phone): contact
        for _, campaign in evidence.scenario.campaigns
        for contact in campaign.contacts
    }
    for attempt in evidence.attempts.values():
        moment = attempt["dialed_at"]
        contact = people[attempt["campaign_id"], attempt["phone"]]
        if moment and not _is_open(plans[attempt["campaign_id"]], contact, moment):
            yield f"{contact} was dialled at {moment}, outside of hours"
    for call in evidence.calls:
        campaign_id = call["metadata"]["campaign_id"]
        contact = people[campaign_id, call["to_number"]]
        moment = datetime.fromtimestamp(call["created_ms"] / 1000, UTC)
        slack = timedelta(seconds=_REQUEST_SECONDS * evidence.rate) + SHORT_JUMP
        if not any(_is_open(plans[campaign_id], contact, at) for at in (moment, moment - slack)):
            yield f"{contact} was called at {moment}, outside of hours"


def _is_open(campaign: CampaignPlan, contact: ContactPlan, moment: datetime) -> bool:
    for zone in contact.time_zones:
        local = moment.astimezone(ZoneInfo(zone))
        is_hour = campaign.opens_at <= local.time() < campaign.closes_at
        if not is_hour or local.isoweekday() not in campaign.calling_days:
            return False
    return True


def _none_on_the_list(evidence: Evidence) -> Iterator[str]:
    for call in evidence.calls:
        entry = evidence.do_not_call.get((evidence.organization_of(call), call["to_number"]))
        if entry and call["created_wall"] > entry["created_at"].timestamp() + _REQUEST_SECONDS:
            yield f"{call['to_number']} was called though listed ({entry['reason']}): {call}"


def _who_opts_out_is_listed(evidence: Evidence) -> Iterator[str]:
    for call in evidence.calls:
        stored = evidence.stored_calls.get(call["call_id"], {})
        line = (evidence.organization_of(call), call["to_number"])
        if _OPT_OUT in (stored.get("transcript") or "") and line not in evidence.do_not_call:
            yield f"{call['to_number']} asked not to be called, and is not listed: {call}"


def _none_beyond_the_cap(evidence: Evidence) -> Iterator[str]:
    for contact in evidence.contacts:
        cap = evidence.campaigns[contact["campaign_id"]]["max_attempts"]
        if contact["attempts"] > cap:
            yield f"{contact} has more attempts than {cap}"
    counted = _group(
        [attempt for attempt in evidence.attempts.values() if attempt["counted"]],
        lambda attempt: attempt["contact_id"],
    )
    for contact in evidence.contacts:
        campaign, count = (
            evidence.campaigns[contact["campaign_id"]],
            len(counted.get(contact["id"], ())),
        )
        if campaign["retries"]:  # with each, those who failed have all their attempts again
            is_lawful = count <= campaign["max_attempts"] * (1 + campaign["retries"])
        else:
            is_lawful = count == contact["attempts"]
        if not is_lawful:
            yield f"{contact} has {count} counted attempts"


def _none_after_a_cancellation(evidence: Evidence) -> Iterator[str]:
    slack = timedelta(seconds=_REQUEST_SECONDS * evidence.rate) + SHORT_JUMP
    for attempt in evidence.attempts.values():
        campaign = evidence.campaigns[attempt["campaign_id"]]
        is_over = campaign["status"] == "cancelled" and attempt["dialed_at"] is not None
        if is_over and attempt["dialed_at"] > campaign["finished_at"] + slack:
            yield f"{attempt} was dialled after its campaign was cancelled: {campaign}"


def _three_calls_a_day(evidence: Evidence) -> Iterator[str]:
    lines = _group(evidence.calls, lambda c: (evidence.organization_of(c), c["to_number"]))
    slack_ms = _REQUEST_SECONDS * evidence.rate * 1000
    for (_, number), calls in lines.items():
        moments = sorted(call["created_ms"] for call in calls)
        for first, last in zip(moments, moments[_DIALS_A_DAY:], strict=False):
            if last - first < _DAY_MS - slack_ms:
                yield f"{number} was called four times within a day: {moments}"


def _concurrency_is_kept(evidence: Evidence) -> Iterator[str]:
    """Who has all the account's calls is not refused one more: others, and leaks, explain it."""
    for request in evidence.creates:
        if request["status"] != 429 or request["fault"] == "status":
            continue
        asker = evidence.organization_of(request)
        open_calls = [
            call
            for call in evidence.calls
            if evidence.organization_of(call) == asker
            and call["created_ms"] <= request["at_ms"]
            and (call["ended_ms"] is None or call["ended_ms"] > request["at_ms"])
        ]
        if len(open_calls) >= evidence.scenario.outbound_limit:
            yield f"{request} was asked for beyond {len(open_calls)} calls of {asker}"


def _statistics_equal_a_recount(evidence: Evidence) -> Iterator[str]:
    for row in evidence.statistics:
        yield f"{row}"


def _accepted_events_are_applied_once(evidence: Evidence) -> Iterator[str]:
    for delivery in evidence.deliveries:
        is_accepted = delivery["status"] is not None and 200 <= delivery["status"] < 300
        if not is_accepted:
            continue
        stored = evidence.events.get((delivery["call_id"], delivery["event"]))
        if delivery["fault"] == "wrong_signature":
            yield f"a forged webhook was accepted: {delivery}"
        elif stored is None or stored["applied_at"] is None:
            yield f"an accepted event was not applied: {delivery}"


def _every_call_is_known(evidence: Evidence) -> Iterator[str]:
    for call in evidence.calls:
        attempt = evidence.attempts.get(call["metadata"]["attempt_id"])
        if attempt and attempt["status"] != "ended":
            yield f"the call is over, its attempt is not: {attempt}"
        stored = evidence.stored_calls.get(call["call_id"])
        if stored is None or stored["status"] not in {"completed", "failed"}:
            yield f"the call {call['call_id']} is over, and stored as {stored}"
    known = {call["call_id"] for call in evidence.calls}
    for call_id in evidence.stored_calls.keys() - known:
        yield f"the call {call_id} was never made"


def _figures_are_the_providers(evidence: Evidence) -> Iterator[str]:
    talked: dict[str, int] = defaultdict(int)
    spent: dict[str, float] = defaultdict(float)
    for call in evidence.calls:
        if call["started_ms"] is not None and call["ended_ms"] is not None:
            contact_id, lasted = (
                call["metadata"]["contact_id"],
                call["ended_ms"] - call["started_ms"],
            )
            talked[contact_id] += lasted
            spent[contact_id] += render_cost(lasted)["combined_cost"]
    for contact in evidence.contacts:
        contact_id = str(contact["id"])
        if contact["duration_ms"] != talked[contact_id]:
            yield f"{contact} talked {talked[contact_id]} ms by the provider's account"
        if abs(float(contact["cost_cents"]) - spent[contact_id]) > _HUNDREDTH:
            yield f"{contact} cost {spent[contact_id]} cents by the provider's account"


def _outcomes_are_the_providers(evidence: Evidence) -> Iterator[str]:
    calls = _group(evidence.calls, lambda call: call["metadata"]["contact_id"])
    for contact in evidence.contacts:
        talks = [c for c in calls.get(str(contact["id"]), ()) if c["started_ms"] is not None]
        is_successful = any(call["is_successful"] for call in talks)
        if talks and contact["successful"] is not is_successful:
            yield f"{contact} should be {'' if is_successful else 'un'}successful: {talks}"
        if contact["voicemail"] != any(call["in_voicemail"] for call in talks):
            yield f"{contact} differs on voicemails from {talks}"


def _everyone_is_done(evidence: Evidence) -> Iterator[str]:
    for campaign in evidence.campaigns.values():
        if campaign["status"] not in {"completed", "failed", "cancelled"}:
            yield f"{campaign} is not over"
    for contact in evidence.contacts:
        if contact["status"] not in {"completed", "failed", "cancelled"}:
            yield f"{contact} is still waiting"
    for attempt in evidence.attempts.values():
        if attempt["status"] not in {"ended", "released"}:
            yield f"{attempt} is still open"


def _everyone_was_tried(evidence: Evidence) -> Iterator[str]:
    called = {(evidence.organization_of(c), c["to_number"]) for c in evidence.calls}
    for organization, campaign in evidence.scenario.campaigns:
        if evidence.campaigns[str(campaign.id)]["status"] == "completed":
            yield from _untried(organization, campaign, called, evidence)


def _untried(
    organization: OrganizationPlan,
    campaign: CampaignPlan,
    called: set[tuple[str, str]],
    evidence: Evidence,
) -> Iterator[str]:
    for contact in campaign.contacts:
        line = (str(organization.id), contact.phone)
        if (
            line not in called
            and line not in evidence.do_not_call
            and _has_hours(campaign, contact)
        ):
            yield f"{contact} was never called"


def _has_hours(campaign: CampaignPlan, contact: ContactPlan) -> bool:
    """Whether all of a person's zones are open at some moment of a week."""
    monday = datetime(2026, 6, 1, tzinfo=UTC)
    moments = (monday + timedelta(minutes=15 * step) for step in range(7 * 24 * 4))
    return any(_is_open(campaign, contact, moment) for moment in moments)


def _group(items: list[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    grouped: dict[Key, list[Row]] = defaultdict(list)
    for item in items:
        grouped[key(item)].append(item)
    return grouped


_RULES: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    _one_call_for_an_attempt,
    _one_call_at_once_to_a_person,
    _none_outside_hours,
    _none_on_the_list,
    _who_opts_out_is_listed,
    _none_beyond_the_cap,
    _none_after_a_cancellation,
    _three_calls_a_day,
    _concurrency_is_kept,
    _statistics_equal_a_recount,
    _accepted_events_are_applied_once,
    _every_call_is_known,
    _figures_are_the_providers,
    _outcomes_are_the_providers,
    _everyone_is_done,
    _everyone_was_tried,
)
