"""A campaign's figures, kept while its contacts change, equal those of a recount."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.call_factory import recount, statistics
from tests.support.organization import Organization, rows, scalar, signed_in

PHONES = [f"+1415555{number:04}" for number in range(8)]
CHANGES = (
    "update public.campaign_contacts set status = 'calling' where phone = any (%(phones)s)"
    " and status = 'pending'",
    "update public.campaign_contacts set status = 'completed', connected = true,"
    " duration_ms = duration_ms + 700, cost_cents = cost_cents + 0.3, completed_at = now()"
    " where phone = any (%(phones)s) and status = 'calling'",
    "update public.campaign_contacts set status = 'failed', voicemail = not voicemail,"
    " completed_at = now() where phone = any (%(phones)s) and status = 'calling'",
    "update public.campaign_contacts set status = 'pending', completed_at = null"
    " where phone = any (%(phones)s)",
    "update public.campaign_contacts set successful = not coalesce(successful, false)"
    " where phone = any (%(phones)s)",
    "delete from public.campaign_contacts where phone = any (%(phones)s)",
    "insert into public.campaign_contacts (campaign_id, organization_id, phone, time_zones)"
    " select c.id, c.organization_id, p.phone, '{UTC}' from public.call_campaigns c,"
    " unnest(%(phones)s::text[]) as p (phone) on conflict do nothing",
)
Steps = list[tuple[str, list[str]]]


@pytest.mark.usefixtures("database")  # each example is rolled back by itself
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(CHANGES), st.lists(st.sampled_from(PHONES), unique=True)),
        max_size=12,
    )
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_they_equal_a_recount_after_any_changes(organization: Organization, steps: Steps) -> None:
    connection = organization.connection
    with connection.transaction(force_rollback=True):
        campaigns = [organization.add_campaign(), organization.add_campaign()]
        for campaign in campaigns:
            organization.add_contacts(campaign, PHONES[:4])
        for change, phones in steps:
            connection.execute(change.encode(), {"phones": phones})

            for campaign in campaigns:
                assert statistics(connection, campaign) == recount(connection, campaign)


def test_changes_of_many_sessions_add_up(organization: Organization, database: str) -> None:
    campaign = organization.add_campaign()
    organization.add_contacts(campaign, PHONES)
    dsn = organization.connection.info.dsn

    with psycopg.connect(dsn) as first, psycopg.connect(dsn) as second:
        for connection, phones in ((first, PHONES[:4]), (second, PHONES[4:])):
            for change in CHANGES[:2]:  # both are under way at once, in the same campaign
                connection.execute(change.encode(), {"phones": phones})

    assert statistics(organization.connection, campaign)["duration_ms"] == 8 * 700
    assert statistics(organization.connection, campaign) == recount(
        organization.connection, campaign
    )


def test_a_campaign_without_contacts_has_zeros(organization: Organization) -> None:
    campaign = organization.add_campaign()

    assert set(statistics(organization.connection, campaign).values()) == {0}


def test_a_campaign_goes_with_its_contacts_and_counts(organization: Organization) -> None:
    campaign = organization.add_campaign()
    organization.add_contacts(campaign, PHONES)

    organization.connection.execute("delete from public.call_campaigns where id = %s", (campaign,))

    assert rows(organization.connection, "select * from telephony.campaign_counts") == []


def test_a_contact_stays_in_its_campaign(organization: Organization) -> None:
    campaign, other = organization.add_campaign(), organization.add_campaign()
    organization.add_contacts(campaign, PHONES)

    with pytest.raises(psycopg.Error) as caught:
        organization.connection.execute(
            "update public.campaign_contacts set campaign_id = %s", (other,)
        )

    assert caught.value.diag.message_detail == "CONTACT_MOVED"


def test_a_claim_writes_no_figures(organization: Organization) -> None:
    campaign = organization.add_campaign()
    organization.add_contacts(campaign, PHONES)
    versions = "select ctid::text, xmin::text from telephony.campaign_counts"
    before = rows(organization.connection, versions)

    organization.connection.execute("update public.campaign_contacts set status = 'calling'")

    assert rows(organization.connection, versions) == before


def test_members_read_the_figures_of_their_own_campaigns(
    organization: Organization, other_organization: Organization
) -> None:
    campaign = organization.add_campaign()
    organization.add_contacts(campaign, PHONES[:3])
    query = "select campaign_id::text, total from public.campaign_statistics"
    insider, outsider = organization.add_member("viewer"), other_organization.add_member("admin")

    with signed_in(organization.connection, insider):
        assert rows(organization.connection, query) == [{"campaign_id": campaign, "total": 3}]
    with signed_in(organization.connection, outsider):
        assert rows(organization.connection, query) == []


@pytest.mark.parametrize("table", ["telephony.campaign_counts", "public.disconnection_policies"])
def test_members_change_neither_counts_nor_policies(organization: Organization, table: str) -> None:
    admin = organization.add_member("admin")

    with (
        signed_in(organization.connection, admin),
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        scalar(organization.connection, f"delete from {table} returning 1")
