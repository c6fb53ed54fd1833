"""Tables and functions of schema storage that migrations and dumps of hosted projects name."""

from collections.abc import Iterator

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap

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


def test_a_database_of_before_gets_the_column_that_storage_computes(
    cluster: Cluster, database: str
) -> None:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        connection.execute(
            "truncate edge_internal.bootstrap; alter table storage.prefixes drop column level,"
            " add column level integer not null default 1, add primary key (bucket_id, level, name)"
        )
        connection.execute(_OBJECTS)
        connection.execute("insert into storage.prefixes (bucket_id, name) values ('a', 'x/y')")

        bootstrap(cluster.dsn(database))

        assert rows(connection, "select name, level from storage.prefixes") == [("x/y", 2)]
