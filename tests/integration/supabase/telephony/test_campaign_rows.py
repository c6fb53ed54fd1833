"""Row security of campaigns, by two users and one row: who sees it, who changes it."""

from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.support.organization import Organization, rows, scalar, signed_in

TABLES = (
    "organizations",
    "profiles",
    "agents",
    "phone_numbers",
    "call_campaigns",
    "campaign_contacts",
    "call_attempts",
    "calls",
    "call_events",
    "do_not_call",
    "notifications",
    "activity_logs",
    "dial_pace",
)
WRITTEN_BY_DIALLING = ("call_attempts", "calls", "call_events", "dial_pace", "activity_logs")
GIVEN = ("organizations", "profiles", "agents", "phone_numbers")


@pytest.mark.parametrize(
    ("written", "stored"), [("pending", "draft"), ("processing", "active"), ("paused", "paused")]
)
def test_other_names_of_a_status_are_understood(
    organization: Organization, written: str, stored: str
) -> None:
    campaign_id = organization.add_campaign(status=written)

    statement = "select status from public.call_campaigns where id = %s"
    assert scalar(organization.connection, statement, (campaign_id,)) == stored


def fill(organization: Organization) -> str:
    """One row of the organization in every table; the campaign's id."""
    connection, owner = organization.connection, organization.id
    campaign_id = organization.add_campaign(status="draft")
    (contact_id,) = organization.add_contacts(campaign_id, ["+14155550111"])
    connection.execute(
        "insert into public.call_attempts (contact_id, campaign_id, organization_id, phone, number,"
        " idempotency_key, lease_expires_at)"
        " values (%s, %s, %s, '+14155550111', 1, gen_random_uuid(), now())",
        (contact_id, campaign_id, owner),
    )
    for statement in (
        "insert into public.calls (organization_id, retell_call_id) values (%s, gen_random_uuid())",
        "insert into public.call_events (organization_id, retell_call_id, event, payload)"
        " values (%s, gen_random_uuid(), 'call_ended', '{}')",
        "insert into public.do_not_call (organization_id, phone) values (%s, '+14155550112')",
        "insert into public.notifications (organization_id, kind, title) values (%s, 'a', 'b')",
        "insert into public.activity_logs (organization_id, action, subject)"
        " values (%s, 'campaign.started', 'Spring')",
    ):
        connection.execute(statement.encode(), (owner,))
    organization.add_member("viewer")
    return campaign_id


@pytest.mark.parametrize("table", TABLES)
def test_members_see_the_rows_of_their_organization_only(
    table: str, organization: Organization, other_organization: Organization
) -> None:
    fill(organization)
    fill(other_organization)
    viewer = organization.add_member("viewer")

    column = "id" if table == "organizations" else "organization_id"
    with signed_in(organization.connection, viewer):
        seen = rows(organization.connection, f"select distinct {column}::text from public.{table}")

    assert seen == [{column: organization.id}]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_who_belongs_to_no_organization_sees_nothing(
    table: str, role: str, organization: Organization
) -> None:
    fill(organization)
    connection = organization.connection

    with connection.transaction(force_rollback=True):
        connection.execute(f"set local role {role}".encode())
        if role == "anon":
            with pytest.raises(InsufficientPrivilege):
                connection.execute(f"select from public.{table}".encode())
        else:
            assert rows(connection, f"select * from public.{table}") == []


PLANS = (
    "insert into public.call_campaigns (name) values ('Autumn')",
    "update public.call_campaigns set max_attempts = 2",
    "delete from public.campaign_contacts",
    "delete from public.call_campaigns",
    "insert into public.do_not_call (phone) values ('+14155550113')",
    "delete from public.do_not_call",
)


def touched(organization: Organization, user_id: str, statement: str) -> int:
    with signed_in(organization.connection, user_id):
        return organization.connection.execute(statement.encode()).rowcount


def seed_undialled(organization: Organization) -> str:
    campaign_id = organization.add_campaign(status="draft")
    organization.add_contacts(campaign_id, ["+14155550111"])
    organization.connection.execute(
        "insert into public.do_not_call (organization_id, phone) values (%s, '+14155550112')",
        (organization.id,),
    )
    return campaign_id


@pytest.mark.parametrize("statement", PLANS)
@pytest.mark.parametrize("role", ["admin", "manager"])
def test_admins_and_managers_plan_for_their_own_organization(
    role: str,
    statement: str,
    organization: Organization,
    other_organization: Organization,
) -> None:
    seed_undialled(organization)
    seed_undialled(other_organization)

    assert touched(organization, organization.add_member(role), statement) == 1


@pytest.mark.parametrize("statement", PLANS)
def test_viewers_change_nothing(statement: str, organization: Organization) -> None:
    seed_undialled(organization)
    viewer = organization.add_member("viewer")

    if statement.startswith("insert"):
        with pytest.raises(InsufficientPrivilege):
            touched(organization, viewer, statement)
    else:
        assert touched(organization, viewer, statement) == 0


def test_nobody_adds_contacts_to_a_campaign_of_another_organization(
    organization: Organization, other_organization: Organization
) -> None:
    theirs = other_organization.add_campaign(status="draft")
    admin = organization.add_member("admin")
    insert = (
        "insert into public.campaign_contacts (campaign_id, organization_id, phone, time_zones)"
        " values (%s, %s, '+14155550114', '{UTC}')"
    )

    for owner in (organization.id, other_organization.id):
        with (
            pytest.raises((InsufficientPrivilege, psycopg.errors.ForeignKeyViolation)),
            signed_in(organization.connection, admin),
        ):
            organization.connection.execute(insert.encode(), (theirs, owner))


@pytest.mark.parametrize(
    "statement",
    [
        "update public.call_campaigns set status = 'active'",
        "insert into public.call_campaigns (name, status) values ('Now', 'active')",
        "update public.campaign_contacts set status = 'completed'",
        "update public.campaign_contacts set attempts = 0",
        "update public.campaign_contacts set phone = '+14155550115'",
        "update public.profiles set role = 'admin'",
        "update public.call_campaigns set organization_id = gen_random_uuid()",
        "select telephony.now()",
        *(f"delete from public.{table}" for table in (*WRITTEN_BY_DIALLING, *GIVEN)),
    ],
)
def test_what_happened_is_written_by_the_functions_alone(
    statement: str, organization: Organization
) -> None:
    fill(organization)
    admin = organization.add_member("admin")

    with pytest.raises(InsufficientPrivilege):
        touched(organization, admin, statement)


def test_what_has_been_dialled_is_not_forgotten(organization: Organization) -> None:
    campaign_id = organization.add_campaign()
    organization.add_contacts(campaign_id, ["+14155550116"], dials=1, attempts=1)
    admin = organization.add_member("admin")

    assert touched(organization, admin, "delete from public.campaign_contacts") == 0
    assert touched(organization, admin, "delete from public.call_campaigns") == 0


@pytest.mark.parametrize("table", TABLES)
def test_the_service_role_reads_and_writes_all(table: str, organization: Organization) -> None:
    fill(organization)
    connection = organization.connection

    with connection.transaction(force_rollback=True):
        connection.execute("set local role service_role")
        count: Any = scalar(connection, f"select count(*) from public.{table}")
        connection.execute("delete from public.call_campaigns")  # these hold agents and numbers
        connection.execute(f"delete from public.{table}".encode())

    assert count > 0


def test_a_time_zone_that_does_not_exist_is_refused(organization: Organization) -> None:
    campaign_id = organization.add_campaign()

    with pytest.raises(psycopg.errors.InvalidParameterValue, match="not recognized"):
        organization.add_contacts(campaign_id, ["+14155550117"], time_zones=["Mars/Olympus"])
