"""Calls in the database of a running stack, and the signed webhooks that report them."""

import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, LiteralString
from uuid import uuid4

import psycopg

from bench.support.load import render_request

KEY: Final = "local"
PATH: Final = "/functions/v1/retell-webhook"
_TALK: Final = "Agent: May I tell you about our spring offer?\nUser: Yes, but be quick.\n" * 25
_CAMPAIGN: Final[LiteralString] = """
with organization as (
    insert into public.organizations (name) values ('Bench') returning id
)
insert into public.call_campaigns (organization_id, name, status)
select id, 'Bench', 'active' from organization returning id::text, organization_id::text"""
_CONTACTS: Final[LiteralString] = """
insert into public.campaign_contacts (campaign_id, organization_id, phone, time_zones, status)
select %(campaign)s, %(organization)s, '+1415' || lpad(n::text, 7, '0'), '{UTC}', 'calling'
from generate_series(1, %(count)s) as n"""
_ATTEMPTS: Final[LiteralString] = """
insert into public.call_attempts (contact_id, campaign_id, organization_id, phone, number,
    idempotency_key, status, lease_expires_at, dialed_at, retell_call_id)
select c.id, c.campaign_id, c.organization_id, c.phone, 1, gen_random_uuid(), 'placed',
    now() + interval '1 hour', now(), 'call_' || replace(gen_random_uuid()::text, '-', '')
from public.campaign_contacts c where c.campaign_id = %(campaign)s"""
_CALLS: Final[LiteralString] = """
insert into public.calls
    (organization_id, campaign_id, contact_id, attempt_id, retell_call_id, to_number)
select organization_id, campaign_id, contact_id, id, retell_call_id, phone
from public.call_attempts where campaign_id = %(campaign)s
returning retell_call_id, to_number, contact_id::text, attempt_id::text"""
_OUTCOME: Final[LiteralString] = """
select s.processed, s.connected, s.successful, s.duration_ms, events.count, events.deliveries
from public.campaign_statistics s,
    (select count(*), sum(e.deliveries) from public.call_events e
     join public.calls c on c.retell_call_id = e.retell_call_id
     where c.campaign_id = %(campaign)s and e.applied_at is not null) as events (count, deliveries)
where s.campaign_id = %(campaign)s"""
_DURATION_MS: Final = 42_000


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign with calls that are all under way."""

    id: str
    calls: Sequence[tuple[str, str, str, str]]

    def documents(self) -> list[tuple[str, dict[str, Any]]]:
        """The end and the analysis of each call, in this order."""
        return [
            (event, self._document(call, event))
            for call in self.calls
            for event in ("call_ended", "call_analyzed")
        ]

    def _document(self, call: tuple[str, str, str, str], event: str) -> dict[str, Any]:
        call_id, to_number, contact_id, attempt_id = call
        now = int(time.time() * 1000)
        analysis = {"call_successful": True, "in_voicemail": False, "call_summary": "Interested."}
        return {
            "call_id": call_id,
            "call_type": "phone_call",
            "call_status": "ended",
            "direction": "outbound",
            "to_number": to_number,
            "start_timestamp": now - _DURATION_MS,
            "end_timestamp": now,
            "duration_ms": _DURATION_MS,
            "disconnection_reason": "user_hangup",
            "transcript": _TALK,
            "call_cost": {"combined_cost": 9.5},
            "metadata": {
                "campaign_id": self.id,
                "contact_id": contact_id,
                "attempt_id": attempt_id,
            },
            **({"call_analysis": analysis} if event == "call_analyzed" else {}),
        }

    def check(self, dsn: str, deliveries: int) -> None:
        """Every event is applied, and once."""
        with psycopg.connect(dsn) as connection:
            row = connection.execute(_OUTCOME, {"campaign": self.id}).fetchone()
        count = len(self.calls)
        expected = (count, count, count, count * _DURATION_MS, 2 * count, deliveries)
        assert row == expected, f"applied {row}, not {expected}"
        print(f"{deliveries:,} deliveries of {2 * count:,} events: all there, each applied once")


def create_campaign(dsn: str, count: int) -> Campaign:
    """A new one with `count` calls."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(_CAMPAIGN).fetchone()
        assert row
        names = {"campaign": row[0], "organization": row[1], "count": count}
        connection.execute(_CONTACTS, names)
        connection.execute(_ATTEMPTS, names)
        return Campaign(row[0], connection.execute(_CALLS, names).fetchall())


def render_webhook(path: str, event: str, call: dict[str, Any]) -> str:
    """The whole request, signed now."""
    body = json.dumps({"event": event, "call": call})
    timestamp = int(time.time() * 1000)
    digest = hmac.new(KEY.encode(), f"{body}{timestamp}".encode(), sha256).hexdigest()
    return render_request(path, body, {"x-retell-signature": f"v={timestamp},d={digest}"})


def warm_up_call() -> tuple[str, dict[str, Any]]:
    """Return an event of an unknown call."""
    return "call_started", {"call_id": f"call_{uuid4().hex}"}
