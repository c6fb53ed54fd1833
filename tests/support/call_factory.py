"""A contact whose phone rings, and what the provider then says of the call, for tests of events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import psycopg

from shared.telephony.event import CallEvent
from shared.telephony.retell import parse_event
from shared.telephony.store import render_event
from tests.support.organization import Organization, rows, scalar

DIALED_AT = "2026-06-01T15:00:00Z"
STARTED_MS = 1_780_326_005_000
FIGURES = (
    "total",
    "processed",
    "connected",
    "successful",
    "voicemail",
    "failed",
    "duration_ms",
    "cost_cents",
)


@dataclass(frozen=True, slots=True)
class Dialled:
    """An attempt and its contact; `call_id` is the provider's."""

    connection: psycopg.Connection
    campaign_id: str
    contact_id: int
    attempt_id: str
    phone: str
    call_id: str
    our_number: str

    @property
    def contact(self) -> dict[str, Any]:
        return one(self.connection, "campaign_contacts", "id", self.contact_id)

    @property
    def attempt(self) -> dict[str, Any]:
        return one(self.connection, "call_attempts", "id", self.attempt_id)

    @property
    def campaign(self) -> dict[str, Any]:
        [row] = rows(
            self.connection,
            "select status, status_reason, finished_at from public.call_campaigns where id = %s",
            (self.campaign_id,),
        )
        return row

    @property
    def call(self) -> dict[str, Any]:
        return one(self.connection, "calls", "retell_call_id", self.call_id)

    def document(self, **fields: Any) -> dict[str, Any]:
        """The call as the provider's API shows it, with these fields."""
        return {
            "call_id": self.call_id,
            "call_type": "phone_call",
            "agent_id": "agent_ada",
            "direction": "outbound",
            "from_number": self.our_number,
            "to_number": self.phone,
            "metadata": {
                "campaign_id": self.campaign_id,
                "contact_id": str(self.contact_id),
                "attempt_id": self.attempt_id,
            },
            **fields,
        }

    def settle(self, reason: str | None, duration_ms: int | None = None) -> bool:
        return scalar(
            self.connection,
            "select public.finish_attempt_v1(%s, %s, null, %s)",
            (self.attempt_id, reason, duration_ms),
        )

    def apply(self, event: str, **fields: Any) -> dict[str, Any]:
        return apply(self.connection, event, self.document(**fields))


def dial(
    organization: Organization,
    campaign_id: str,
    phone: str = "+14155550111",
    *,
    status: str = "placed",
    **contact: Any,
) -> Dialled:
    """A contact with an open attempt, made `status` at DIALED_AT."""
    [contact_id] = organization.add_contacts(campaign_id, [phone], status="calling", **contact)
    return redial(organization, campaign_id, contact_id, phone, status=status)


def redial(
    organization: Organization,
    campaign_id: str,
    contact_id: int,
    phone: str,
    *,
    status: str = "placed",
    number: int = 1,
) -> Dialled:
    """A further attempt at the contact."""
    call_id = f"call_{uuid4().hex}"
    attempt_id = scalar(
        organization.connection,
        "insert into public.call_attempts (contact_id, campaign_id, organization_id, phone, number,"
        " idempotency_key, status, lease_expires_at, retell_call_id, dialed_at)"
        " values (%s, %s, %s, %s, %s, gen_random_uuid(), %s, now() + interval '1 hour', %s, %s)"
        " returning id::text",
        (
            contact_id,
            campaign_id,
            organization.id,
            phone,
            number,
            status,
            call_id if status == "placed" else None,
            DIALED_AT,
        ),
    )
    our_number = scalar(
        organization.connection,
        "select phone_number from public.phone_numbers where id = %s",
        (organization.phone_number_id,),
    )
    return Dialled(
        organization.connection, campaign_id, contact_id, attempt_id, phone, call_id, our_number
    )


def apply(
    connection: psycopg.Connection, event: str, call: Mapping[str, Any], **options: Any
) -> dict[str, Any]:
    """Apply one event, with these fields of it replaced."""
    return apply_all(connection, [replace(parse_event(event, call), **options)])[0]


def apply_all(connection: psycopg.Connection, events: Sequence[CallEvent]) -> list[dict[str, Any]]:
    """Apply the events in one transaction; one result for each."""
    return scalar(
        connection,
        "select public.apply_call_events_v1(%s::jsonb)",
        ((b"[%b]" % b",".join(map(render_event, events))).decode(),),
    )


def one(connection: psycopg.Connection, table: str, column: str, value: Any) -> dict[str, Any]:
    """The one row of the table where the column has this value."""
    [row] = rows(connection, f"select * from public.{table} where {column} = %s", (value,))
    return row


def statistics(connection: psycopg.Connection, campaign_id: str) -> dict[str, Any]:
    """The campaign's figures as they are kept."""
    row = one(connection, "campaign_statistics", "campaign_id", campaign_id)
    return {name: row[name] for name in FIGURES}


def recount(connection: psycopg.Connection, campaign_id: str) -> dict[str, Any]:
    """The campaign's figures as its contacts give them."""
    [row] = rows(
        connection,
        "select count(*) as total,"
        " count(*) filter (where status in ('completed', 'failed', 'cancelled')) as processed,"
        " count(*) filter (where connected) as connected,"
        " count(*) filter (where successful) as successful,"
        " count(*) filter (where voicemail) as voicemail,"
        " count(*) filter (where status = 'failed') as failed,"
        " coalesce(sum(duration_ms), 0) as duration_ms,"
        " coalesce(sum(cost_cents), 0) as cost_cents"
        " from public.campaign_contacts where campaign_id = %s",
        (campaign_id,),
    )
    return row
