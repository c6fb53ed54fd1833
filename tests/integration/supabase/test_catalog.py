"""Rules for all schemas of the project: comments, privileges, volatility, restore."""

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.support.conversations import Database, rows

pytestmark = pytest.mark.process

SCHEMAS = ["public", "conversations", "telephony", "talk_tracks", "platform", "media"]


def test_functions_can_be_restored_without_superuser(
    db: Database, cluster: Cluster, database: str
) -> None:
    with psycopg.connect(db.dsn) as connection:
        definitions = rows(
            connection,
            "select pg_get_functiondef(oid) from pg_proc"
            " where pronamespace = any(%s::regnamespace[])",
            SCHEMAS,
        )
    assert definitions

    for (definition,) in definitions:  # each in a session that knows nothing of pgvector's settings
        with psycopg.connect(cluster.dsn(database, user="postgres")) as connection:
            assert rows(connection, "show is_superuser") == [("off",)]
            connection.execute(definition)


def test_only_pure_functions_are_immutable(db: Database) -> None:
    """The others read rows or build JSON, which is only stable."""
    query = (
        "select proname from pg_proc where pronamespace = any(%s::regnamespace[])"
        " and provolatile = 'i' order by proname"
    )
    with psycopg.connect(db.dsn) as connection:
        immutable = rows(connection, query, SCHEMAS)

    assert immutable == [("are_time_zones",), ("deck_error",)]


@pytest.mark.parametrize(
    ("schema", "roles"),
    [
        ("conversations", {"authenticated", "service_role"}),
        ("telephony", {"service_role"}),
        ("talk_tracks", {"service_role"}),
        ("platform", {"service_role"}),
        ("media", {"service_role"}),
    ],
)
def test_internal_schemas_are_used_by_few_roles(db: Database, schema: str, roles: set[str]) -> None:
    query = (
        "select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')"
        " and has_schema_privilege(oid, %s, 'usage')"
    )
    with psycopg.connect(db.dsn) as connection:
        assert {role for (role,) in rows(connection, query, schema)} == roles


def test_tables_and_callable_functions_have_comments(db: Database) -> None:
    with psycopg.connect(db.dsn) as connection:
        tables = rows(
            connection,
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind = 'r' and obj_description(oid) is null",
        )
        functions = rows(
            connection,
            "select proname from pg_proc where pronamespace = 'public'::regnamespace"
            " and obj_description(oid) is null and prorettype <> 'trigger'::regtype"
            " and has_function_privilege('authenticated', oid, 'execute')",
        )

    assert (tables, functions) == ([], [])


def test_every_public_table_has_row_level_security(db: Database) -> None:
    with psycopg.connect(db.dsn) as connection:
        open_to_all = rows(
            connection,
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind = 'r' and not relrowsecurity",
        )

    assert open_to_all == []
