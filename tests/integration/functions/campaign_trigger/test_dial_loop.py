"""After an empty batch the campaign continues as soon as a dial is allowed.

The stack of tests calls no schedule_check, which would continue it as well.
"""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.support.campaign_trigger import Trigger, attempts_of, campaign_of, numbers
from tests.support.organization import Organization, scalar
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

AGREES = 90


def test_it_waits_for_the_next_rate_token(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, numbers(AGREES))
    trigger("get_status", campaign_id)  # a cold start takes its time
    organization.set_pace(calls_per_second=0.25, tokens=0)

    assert trigger("process_batch", campaign_id).json()["claimed"] == 0

    wait_for(lambda: campaign_of(connection, campaign_id)["status"] == "completed")


def test_a_contact_behind_a_thousand_outside_their_calling_hours_is_dialled(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    campaign_id = organization.add_campaign(opens_at="00:00", closes_at="00:01")
    connection.execute(
        "insert into public.campaign_contacts"
        " (campaign_id, organization_id, phone, time_zones, next_attempt_at)"
        " select %s, %s, '+1' || (3000000000 + n),"
        " array['Asia/Kolkata', 'America/New_York'], '2020-01-01Z' from generate_series(1, 1200) n",
        (campaign_id, organization.id),
    )

    assert trigger("process_batch", campaign_id).json()["claimed"] == 0

    wait_for(lambda: campaign_of(connection, campaign_id)["status"] == "completed")


def test_concurrent_requests_dial_each_contact_once(
    trigger: Trigger, connection: psycopg.Connection, organization: Organization
) -> None:
    campaign_id = organization.add_campaign()
    phones = numbers(AGREES, 12)
    organization.add_contacts(campaign_id, phones)
    organization.set_pace(calls_per_second=4, tokens=0)

    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(trigger, ["process_batch"] * 48, [campaign_id] * 48))

    assert {reply.status_code for reply in replies} == {200}
    wait_for(lambda: campaign_of(connection, campaign_id)["status"] == "completed")
    assert len(attempts_of(connection, campaign_id)) == len(phones)
    assert all(len(trigger.calls_to(phone)) == 1 for phone in phones)
    tokens = scalar(
        connection,
        "select tokens from public.dial_pace where organization_id = %s",
        (organization.id,),
    )
    assert tokens < 2
