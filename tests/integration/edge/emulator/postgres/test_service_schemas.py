"""Objects of the services' schemas that migrations and dumps of hosted projects name."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.execute import StatementError, execute_leniently, execute_script
from edge.emulator.postgres.script import parse_script

_OBJECTS = (
    "insert into storage.buckets (id, name) values ('a', 'a');"
    "insert into storage.objects (bucket_id, name, created_at, updated_at) values"
    " ('a', 'x/y/1.png', '2025-01-03', '2025-01-03'), ('a', 'x/2.png', '2025-01-01', '2025-01-04'),"
    " ('a', '3.png', '2025-01-02', '2025-01-02')"
)


@pytest.fixture
def postgres(cluster: Cluster, database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster.dsn(database, user="postgres"), autocommit=True) as connection:
        yield connection


def rows(connection: psycopg.Connection, statement: str) -> list[tuple[object, ...]]:
    return connection.execute(statement.encode()).fetchall()


def test_tables_have_the_columns_of_the_platform(postgres: psycopg.Connection) -> None:
    for statement in (
        "insert into storage.buckets_analytics (name) values ('lake')",
        "insert into storage.iceberg_namespaces (bucket_name, name, metadata, catalog_id)"
        " select name, 'n', '{}', id from storage.buckets_analytics",
        "insert into storage.iceberg_tables (namespace_id, bucket_name, name, location, catalog_id,"
        " remote_table_id, shard_key, shard_id)"
        " select id, bucket_name, 't', 's3://t', catalog_id, 'r', 'k', 's'"
        " from storage.iceberg_namespaces",
        "insert into storage.buckets_vectors (id) values ('v')",
        "insert into storage.vector_indexes"
        " (name, bucket_id, data_type, dimension, distance_metric, metadata_configuration)"
        " values ('i', 'v', 'float32', 3, 'cosine', null)",
        "select versioning_status from storage.buckets",
        "select archived_at, is_delete_marker, is_versioned from storage.objects",
    ):
        postgres.execute(statement.encode())

    assert rows(postgres, "select type::text from storage.buckets_vectors") == [("VECTOR",)]
    assert not rows(
        postgres,
        "select relname from pg_class where relnamespace = 'storage'::regnamespace"
        " and relkind = 'r' and not relrowsecurity and relname <> 'migrations'",
    )


def test_functions_of_prefixes_know_what_is_above_a_name(postgres: psycopg.Connection) -> None:
    assert rows(
        postgres, "select storage.get_prefixes('a/b/c.png'), storage.get_prefixes('c')"
    ) == [(["a", "a/b"], [])]
    postgres.execute(_OBJECTS)
    postgres.execute("select storage.add_prefixes('a', 'x/y/1.png')")
    postgres.execute("select storage.add_prefixes('a', 'gone/away/1.png')")
    found = "select name, level from storage.prefixes order by name"

    assert rows(postgres, found) == [("gone", 1), ("gone/away", 2), ("x", 1), ("x/y", 2)]
    assert rows(
        postgres, "select storage.delete_prefix('a', 'x'), storage.delete_prefix('a', 'gone')"
    ) == [(False, False)]
    postgres.execute(
        "select storage.delete_leaf_prefixes(array['a', 'a'], array['gone/away/1.png', 'x/y/2'])"
    )
    assert rows(postgres, found) == [("x", 1), ("x/y", 2)]


def test_older_searches_answer_as_the_one_of_today(postgres: psycopg.Connection) -> None:
    postgres.execute(_OBJECTS)

    for name in ("search", "search_legacy_v1", "search_v1_optimised"):
        found = rows(postgres, f"select name from storage.{name}('', 'a', 10, 1, 0, '', 'name')")
        assert found == [("3.png",), ("x",)]


def test_search_v2_sorts_by_time(postgres: psycopg.Connection) -> None:
    postgres.execute(_OBJECTS)
    search = "select key, name from storage.search_v2('', 'a', 10, 1, {}, 'created_at', {})"

    ascending = rows(postgres, search.format("'', 'asc'", "''"))
    after = rows(postgres, search.format("'x', 'asc'", "'2025-01-01T00:00:00Z'"))
    by_name = rows(postgres, "select name from storage.search_v2('x/', 'a', 10, 2)")

    assert ascending == [("x", "x"), ("3.png", "3.png")]
    assert after == [("3.png", "3.png")]
    assert rows(postgres, search.format("'', 'desc'", "''")) == ascending[::-1]
    assert by_name == [("x/2.png",), ("x/y/",)]


def test_multipart_uploads_are_listed_by_folder(postgres: psycopg.Connection) -> None:
    postgres.execute("insert into storage.buckets (id, name) values ('a', 'a')")
    postgres.execute(
        "insert into storage.s3_multipart_uploads (id, upload_signature, bucket_id, key, version)"
        " select key, '', 'a', key, '' from unnest(array['p/a/1', 'p/a/2', 'p/b', 'q']) key"
    )
    listed = "select key from storage.list_multipart_uploads_with_delimiter('a', 'p/', '/', 10{})"

    assert rows(postgres, listed.format("")) == [("p/a/",), ("p/b",)]
    assert rows(postgres, listed.format(", 'p/a/'")) == [("p/b",)]


_PULLED_IN_2025 = """
drop trigger if exists "prefixes_create_hierarchy" on "storage"."prefixes";
revoke delete on table "storage"."iceberg_namespaces" from "service_role";
alter table "storage"."iceberg_namespaces" drop constraint "iceberg_namespaces_bucket_id_fkey";
alter table "storage"."iceberg_tables" drop constraint "iceberg_tables_bucket_id_fkey";
alter table "storage"."iceberg_tables" drop constraint "iceberg_tables_namespace_id_fkey";
alter table "storage"."iceberg_namespaces" drop constraint "iceberg_namespaces_pkey";
drop index if exists "storage"."idx_iceberg_namespaces_bucket_id";
drop table "storage"."iceberg_namespaces";
drop table "storage"."iceberg_tables";
alter table "storage"."prefixes" drop constraint "prefixes_bucketId_fkey";
drop function if exists "storage"."add_prefixes"(_bucket_id text, _name text);
drop function if exists "storage"."get_level"(name text);
drop function if exists "storage"."search_v1_optimised"(prefix text, bucketname text,
  limits integer, levels integer, offsets integer, search text, sortcolumn text, sortorder text);
alter table "storage"."prefixes" drop constraint "prefixes_pkey";
drop table "storage"."prefixes";
alter table "storage"."objects" drop column "level";
"""


def test_what_was_pulled_in_2025_drops_what_storage_had_then(postgres: psycopg.Connection) -> None:
    execute_script(postgres, parse_script(Path("1_remote.sql"), _PULLED_IN_2025))

    assert rows(postgres, "select to_regclass('storage.prefixes')") == [(None,)]


_REPEATED = """
create type "storage"."buckettype" as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
create table "storage"."buckets_vectors" (
  "id" text not null, "type" storage.buckettype not null default 'VECTOR'::storage.buckettype
);
alter table "storage"."buckets_vectors" enable row level security;
alter table "storage"."buckets" add column "type" storage.buckettype not null default 'STANDARD';
CREATE UNIQUE INDEX buckets_vectors_pkey ON storage.buckets_vectors USING btree (id);
alter table "storage"."buckets_vectors" add constraint "buckets_vectors_pkey"
  PRIMARY KEY using index "buckets_vectors_pkey";
CREATE TRIGGER enforce_bucket_name_length_trigger BEFORE INSERT OR UPDATE OF name
  ON storage.buckets FOR EACH ROW EXECUTE FUNCTION storage.enforce_bucket_name_length();
CREATE TRIGGER tr_check_filters BEFORE INSERT OR UPDATE ON realtime.subscription
  FOR EACH ROW EXECUTE FUNCTION realtime.subscription_check_filters();
CREATE TRIGGER on_auth_user_created AFTER INSERT ON auth.users
  FOR EACH ROW EXECUTE FUNCTION public.added();
"""
_FUNCTION = (
    "create function public.added() returns trigger language plpgsql as 'begin return new; end';"
)


@pytest.mark.parametrize("more", ["", "begin; commit; "])
def test_a_pulled_schema_may_repeat_what_the_services_have_made(
    postgres: psycopg.Connection, more: str
) -> None:
    execute_script(postgres, parse_script(Path("1_remote.sql"), more + _FUNCTION + _REPEATED))

    assert rows(postgres, "select 1 from pg_trigger where tgname = 'on_auth_user_created'") == [
        (1,)
    ]


def test_grants_may_name_what_realtime_calls(postgres: psycopg.Connection) -> None:
    postgres.execute(
        "grant all on function realtime.apply_rls(jsonb, integer), realtime.topic(),"
        " realtime.quote_wal2json(regclass),"
        " realtime.list_changes(name, name, integer, integer), realtime.cast(text, regtype),"
        " realtime.is_visible_through_filters(realtime.wal_column[],"
        " realtime.user_defined_filter[]) to anon"
    )

    with pytest.raises(psycopg.errors.FeatureNotSupported):
        postgres.execute("select realtime.quote_wal2json('pg_class')")


def test_a_check_takes_what_is_repeated_for_right(postgres: psycopg.Connection) -> None:
    script = parse_script(Path("1_remote.sql"), _FUNCTION + _REPEATED)

    with postgres.transaction():
        assert not list(execute_leniently(postgres, script, dry=True))


@pytest.mark.parametrize(
    ("statement", "sqlstate"),
    [
        (
            "create trigger mine after insert on auth.users for each row execute function"
            " public.added()",
            "42710",
        ),
        ("create index mine on storage.objects (owner)", "42P07"),
        ("create policy mine on storage.objects for select using (true)", "42710"),
        ("create view public.mine as select id from auth.users", "42P07"),
    ],
)
def test_what_a_project_makes_twice_is_refused(
    postgres: psycopg.Connection, statement: str, sqlstate: str
) -> None:
    script = parse_script(Path("1_a.sql"), f"{_FUNCTION} {statement}; {statement};")

    with pytest.raises(StatementError) as refused:
        execute_script(postgres, script)

    assert refused.value.error.sqlstate == sqlstate
