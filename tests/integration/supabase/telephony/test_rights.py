"""Who may run the functions of telephony: the service role; signed-in users only what they need."""

import psycopg
import pytest

from tests.support.organization import rows, scalar

OTHER_DOMAINS = (
    "chunk", "deck", "output", "provider", "rate_token", "talk_track", "training", "transcript",
    "has_role", "is_admin",
)  # fmt: skip
IMPORTS = {
    "abandon_contact_import_v1",
    "begin_contact_import_v1",
    "commit_contact_import_v1",
    "commit_contact_import_v2",
    "stage_contacts_v1",
}
OWN_ROWS = {"get_my_org_id", "get_my_role"}


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_the_internals_are_out_of_reach(connection: psycopg.Connection, role: str) -> None:
    usage = "select has_schema_privilege(%s, 'telephony', 'usage')"

    assert scalar(connection, usage, (role,)) is False
    assert scalar(connection, usage, ("service_role",)) is True


@pytest.mark.parametrize(
    ("role", "allowed"), [("anon", set[str]()), ("authenticated", IMPORTS | OWN_ROWS)]
)
def test_dialling_is_the_services_alone(
    connection: psycopg.Connection, role: str, allowed: set[str]
) -> None:
    functions = rows(
        connection,
        "select p.proname, has_function_privilege(%s, p.oid, 'execute') as may from pg_proc p"
        " where pronamespace = 'public'::regnamespace and p.proname !~ %s",
        (role, "|".join(OTHER_DOMAINS)),
    )

    assert len(functions) > len(IMPORTS | OWN_ROWS)
    assert {row["proname"] for row in functions if row["may"]} == allowed


def test_the_service_runs_every_entry_point(connection: psycopg.Connection) -> None:
    refused = rows(
        connection,
        "select p.proname from pg_proc p"
        " where pronamespace = 'public'::regnamespace and p.proname ~ '_v[0-9]+$'"
        " and not has_function_privilege('service_role', p.oid, 'execute')",
    )

    assert refused == []
