"""The steps of dialling as a worker takes them, for tests of what each of them leaves."""

from typing import Any

from tests.support.organization import Organization, rows, scalar
from tests.support.telephony_clock import set_clock

NOON = "2026-11-18T12:00Z"  # a Wednesday


def at(organization: Organization, moment: str) -> None:
    set_clock(organization.connection, moment)


def claim(organization: Organization, campaign_id: str, batch: int = 10) -> list[dict[str, Any]]:
    return rows(
        organization.connection,
        "select * from public.claim_contacts_v1(%s, %s)",
        (campaign_id, batch),
    )


def begin(organization: Organization, order: dict[str, Any]) -> str | None:
    return scalar(
        organization.connection,
        "select public.begin_dial_v1(%s, %s)",
        (order["attempt_id"], order["lease_token"]),
    )


def dial(organization: Organization, campaign_id: str) -> dict[str, Any]:
    """Claim one contact and let its request leave."""
    (order,) = claim(organization, campaign_id, 1)
    assert begin(organization, order) is None
    return order


def contact(organization: Organization, contact_id: int) -> dict[str, Any]:
    (found,) = rows(
        organization.connection,
        "select * from public.campaign_contacts where id = %s",
        (contact_id,),
    )
    return found


def attempt(organization: Organization, order: dict[str, Any]) -> dict[str, Any]:
    (found,) = rows(
        organization.connection,
        "select * from public.call_attempts where id = %s",
        (order["attempt_id"],),
    )
    return found
