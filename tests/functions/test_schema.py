"""The tables, their row security and their functions: two users and one row."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster

pytestmark = pytest.mark.process

Connection = psycopg.Connection[tuple[Any, ...]]

TABLES = ("videos", "transcripts", "transcript_chunks", "generated_outputs")
SCHEMAS = ["public", "conversations", "talk_tracks", "platform"]
VERBS = ("select", "insert", "update", "delete")


def vector(*leading: float) -> str:
    return json.dumps([*leading, *[0.0] * (1536 - len(leading))])


@dataclass(frozen=True)
class Database:
    """A database with two users, Ann and Bob."""

    dsn: str
    ann: str
    bob: str

    @contextmanager
    def as_user(self, user: str) -> Iterator[Connection]:
        with self._as("authenticated", {"sub": user, "role": "authenticated"}) as connection:
            yield connection

    @contextmanager
    def as_service(self) -> Iterator[Connection]:
        with self._as("service_role", {"role": "service_role"}) as connection:
            yield connection

    @contextmanager
    def as_anon(self) -> Iterator[Connection]:
        with self._as("anon", {"role": "anon"}) as connection:
            yield connection

    @contextmanager
    def _as(self, role: str, claims: dict[str, str]) -> Iterator[Connection]:
        with psycopg.connect(self.dsn) as connection:
            connection.execute("select set_config('role', %s, true)", (role,))
            settings = ("request.jwt.claims", json.dumps(claims))
            connection.execute("select set_config(%s, %s, true)", settings)
            yield connection


@pytest.fixture
def db(cluster: Cluster, database: str) -> Database:
    ann, bob = str(uuid4()), str(uuid4())
    with psycopg.connect(cluster.dsn(database)) as connection:
        connection.execute("insert into auth.users (id) values (%s), (%s)", (ann, bob))
    return Database(cluster.dsn(database), ann, bob)


def store(
    connection: Connection, digest: str = "h1", video: str = "v", chunks: list[Any] | None = None
) -> dict[str, Any]:
    given = chunks or [(0, vector(1), 0, 5), (1, vector(0, 1), 3, 8)]
    rows = [
        {"index": i, "text": f"chunk {i}", "embedding": e, "char_start": a, "char_end": b}
        for i, e, a, b in given
    ]
    row = connection.execute(
        "select public.store_transcript_v1(%s, %s, %s)",
        (
            json.dumps({"collection_id": "c", "video_id": video, "metadata": {digest: 1}}),
            json.dumps({"full_text": "01234567", "content_hash": digest, "metadata": {"n": 1}}),
            json.dumps(rows),
        ),
    ).fetchone()
    assert row
    return row[0]


def rows(connection: Connection, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
    return connection.execute(query, values).fetchall()


def test_a_transcript_is_stored_whole(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        stored = store(ann)

        chunks = rows(
            ann, "select chunk_text, metadata from transcript_chunks order by chunk_index"
        )
        videos = rows(ann, "select id::text, owner_id::text, metadata from videos")

    assert stored["reused"] is False
    assert stored["metadata"] == {"n": 1}
    assert chunks == [
        ("chunk 0", {"char_start": 0, "char_end": 5}),
        ("chunk 1", {"char_start": 3, "char_end": 8}),
    ]
    assert videos == [(stored["video_uuid"], db.ann, {"h1": 1})]


def test_the_same_hash_is_stored_once(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        first, second = store(ann), store(ann)

    assert second == {**first, "reused": True}


def test_a_changed_text_replaces_the_old_one_and_keeps_the_video(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        old = store(ann, "h1")
        new = store(ann, "h2", chunks=[(0, vector(1), 0, 8)])

        assert rows(ann, "select transcript_id::text from transcript_chunks") == [
            (new["transcript_id"],)
        ]
        assert rows(ann, "select metadata from videos") == [({"h1": 1, "h2": 1},)]
    assert new["video_uuid"] == old["video_uuid"]


def test_a_bad_chunk_leaves_everything_as_it_was(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        store(ann, "h1")
    with db.as_user(db.ann) as ann, pytest.raises(psycopg.errors.DataException):
        store(ann, "h2", chunks=[(0, vector(1), 0, 8), (1, "[1,2]", 0, 8)])
    with db.as_user(db.ann) as ann:
        assert rows(ann, "select content_hash from transcripts") == [("h1",)]
        assert rows(ann, "select count(*) from transcript_chunks") == [(2,)]


def test_a_video_of_somebody_else_is_refused_by_name(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        store(ann)
    with db.as_user(db.bob) as bob, pytest.raises(psycopg.Error) as caught:
        store(bob)

    assert caught.value.sqlstate == "PT409"
    assert caught.value.diag.message_detail == "VIDEO_TAKEN"


def test_the_service_may_replace_a_users_transcript_and_leaves_the_owner(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        store(ann, "h1")
    with db.as_service() as service:
        store(service, "h2")
    with db.as_user(db.ann) as ann:
        assert rows(ann, "select content_hash from transcripts") == [("h2",)]


def test_two_identical_requests_at_once_store_one_transcript(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        store(ann, "h1")  # uncommitted: the other one has to wait for it
        answers: list[dict[str, Any]] = []
        other = threading.Thread(target=lambda: answers.append(_store_as(db, "h1")))
        other.start()
        other.join(0.3)
        assert other.is_alive()
    other.join(10)

    assert [answer["reused"] for answer in answers] == [True]


def test_two_changes_at_once_leave_one_whole_transcript(db: Database) -> None:
    threads = [threading.Thread(target=_store_as, args=(db, f"h{number}")) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    with db.as_user(db.ann) as ann:
        assert rows(ann, "select count(*) from transcripts") == [(1,)]
        assert rows(ann, "select count(*) from transcript_chunks") == [(2,)]


def _store_as(db: Database, digest: str) -> dict[str, Any]:
    with db.as_user(db.ann) as ann:
        return store(ann, digest)


def test_a_stored_transcript_is_found_by_hash_and_its_video_learns(db: Database) -> None:
    find = "select public.reuse_transcript_v1('c', 'v', %s, '{\"seen\": true}')"
    with db.as_user(db.ann) as ann:
        stored = store(ann)

        assert rows(ann, find, "h1") == [({**stored, "reused": True},)]
        assert rows(ann, find, "other") == [(None,)]
        assert rows(ann, "select metadata from videos") == [({"h1": 1, "seen": True},)]
    with db.as_user(db.bob) as bob:
        assert rows(bob, find, "h1") == [(None,)]


def test_nothing_of_ann_is_visible_to_bob(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        video = store(ann)["video_uuid"]
        outputs = json.dumps([{"output_type": "analysis", "content": "x"}])
        ann.execute("select public.store_outputs_v1(%s, %s)", (video, outputs))
        assert counts(ann) == [1, 1, 2, 1]
    with db.as_user(db.bob) as bob:
        assert counts(bob) == [0, 0, 0, 0]
    with db.as_service() as service:
        assert counts(service) == [1, 1, 2, 1]


def counts(connection: Connection) -> list[int]:
    return [
        connection.execute(f"select count(*) from public.{table}").fetchall()[0][0]  # type: ignore[arg-type]
        for table in TABLES
    ]


@pytest.mark.parametrize("table", TABLES)
def test_bob_can_neither_change_nor_remove_what_is_anns(db: Database, table: str) -> None:
    with db.as_user(db.ann) as ann:
        video = store(ann)["video_uuid"]
        outputs = json.dumps([{"output_type": "analysis", "content": "x"}])
        ann.execute("select public.store_outputs_v1(%s, %s)", (video, outputs))
    with db.as_user(db.bob) as bob:
        changed = bob.execute(f"update public.{table} set metadata = '{{\"b\": 1}}'")  # type: ignore[arg-type]
        removed = bob.execute(f"delete from public.{table}")  # type: ignore[arg-type]
        assert (changed.rowcount, removed.rowcount) == (0, 0)


@pytest.mark.parametrize(
    "insert",
    [
        "insert into videos (video_id, collection_id, owner_id) values ('x', 'x', %(ann)s)",
        "insert into videos (video_id, collection_id, owner_id) values ('x', 'x', null)",
        "insert into generated_outputs (video_id, output_type, content)"
        " values (%(video)s, 'a', 'b')",
        "insert into transcript_chunks (transcript_id, chunk_text, chunk_index, embedding)"
        " values (%(transcript)s, 'x', 9, array_fill(0, array[1536])::extensions.vector)",
        "insert into transcripts (video_id, full_text, content_hash) values (%(video)s, 'a', 'b')",
    ],
)
def test_bob_can_put_nothing_where_ann_is_the_owner(db: Database, insert: LiteralString) -> None:
    with db.as_user(db.ann) as ann:
        stored = store(ann)
    names = {
        "ann": db.ann,
        "video": stored["video_uuid"],
        "transcript": stored["transcript_id"],
    }
    with db.as_user(db.bob) as bob, pytest.raises(psycopg.errors.InsufficientPrivilege):
        bob.execute(insert, names)


def test_an_owner_cannot_give_a_video_away(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        store(ann)
    with db.as_user(db.ann) as ann, pytest.raises(psycopg.errors.InsufficientPrivilege):
        ann.execute("update videos set owner_id = %s", (db.bob,))


@pytest.mark.parametrize("table", TABLES)
def test_anon_sees_and_does_nothing(db: Database, table: str) -> None:
    with db.as_anon() as anon, pytest.raises(psycopg.errors.InsufficientPrivilege):
        anon.execute(f"select from public.{table}")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "call",
    [
        "select public.store_transcript_v1('{}', '{}', '[]')",
        "select public.reuse_transcript_v1('c', 'v', 'h')",
        "select public.store_outputs_v1(gen_random_uuid(), '[]')",
        "select public.match_chunks(null, 1)",
    ],
)
def test_anon_calls_nothing(db: Database, call: LiteralString) -> None:
    with db.as_anon() as anon, pytest.raises(psycopg.errors.InsufficientPrivilege):
        anon.execute(call)


def test_the_nearest_chunks_come_first(db: Database) -> None:
    query = "select chunk_index, round(similarity::numeric, 3) from public.match_chunks(%s, 5, %s)"
    with db.as_user(db.ann) as ann:
        chunks = [(0, vector(1), 0, 1), (1, vector(1, 1), 1, 2), (2, vector(0, 1), 2, 3)]
        video = store(ann, chunks=chunks)["video_uuid"]

        found = rows(ann, query, vector(0, 1), video)

    assert [(index, float(similarity)) for index, similarity in found] == [
        (2, 1.0),
        (1, 0.707),
        (0, 0.0),
    ]


def test_one_video_among_many_still_finds_all_its_chunks(db: Database) -> None:
    """An index scan filtered afterwards would return almost none of them."""
    near = [(i, vector(1, i / 1000), i, i + 1) for i in range(200)]
    far = [(i, vector(0, 1, i / 1000), i, i + 1) for i in range(20)]
    query = "select count(*), bool_and(chunk_text is not null) from public.match_chunks(%s, 20, %s)"
    with db.as_user(db.ann) as ann:
        store(ann, video="crowd", chunks=near)
        video = store(ann, video="quiet", chunks=far)["video_uuid"]

        assert rows(ann, query, vector(1), video) == [(20, True)]


def test_a_search_over_all_finds_only_ones_own(db: Database) -> None:
    query = "select count(*) from public.match_chunks(%s, 5)"
    with db.as_user(db.bob) as bob:
        store(bob, video="bobs", chunks=[(i, vector(1, i / 1000), i, i + 1) for i in range(200)])
    with db.as_user(db.ann) as ann:
        store(ann, video="anns", chunks=[(i, vector(0, 1, i), i, i + 1) for i in range(5)])
    with db.as_user(db.ann) as ann:
        assert rows(ann, query, vector(1)) == [(5,)]


def test_the_functions_can_be_restored_from_a_dump_by_who_is_no_superuser(
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
        ("talk_tracks", {"service_role"}),
        ("platform", {"service_role"}),
    ],
)
def test_internal_schemas_are_used_by_few_roles(db: Database, schema: str, roles: set[str]) -> None:
    query = (
        "select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role')"
        " and has_schema_privilege(oid, %s, 'usage')"
    )
    with psycopg.connect(db.dsn) as connection:
        assert {role for (role,) in rows(connection, query, schema)} == roles


def test_outputs_are_added_together_and_none_is_lost(db: Database) -> None:
    outputs = [
        {"output_type": "analysis", "content": "# A", "metadata": {"model": "m"}},
        {"output_type": "training_data", "content": "[]", "training_data": [{"input": "a"}]},
    ]
    with db.as_user(db.ann) as ann:
        video = store(ann)["video_uuid"]
        for _ in range(2):
            ann.execute("select public.store_outputs_v1(%s, %s)", (video, json.dumps(outputs)))

        assert rows(
            ann, "select output_type, count(*) from generated_outputs group by 1 order by 1"
        ) == [
            ("analysis", 2),
            ("training_data", 2),
        ]
        assert rows(ann, "select distinct training_data from generated_outputs order by 1") == [
            ([{"input": "a"}],),
            (None,),
        ]


def test_an_output_for_no_video_stores_none(db: Database) -> None:
    outputs = json.dumps([{"output_type": "analysis", "content": "x"}])
    with db.as_service() as service, pytest.raises(psycopg.errors.ForeignKeyViolation):
        service.execute("select public.store_outputs_v1(%s, %s)", (str(uuid4()), outputs))


def test_who_goes_takes_everything_along(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        store(ann)
    with psycopg.connect(db.dsn) as superuser:
        superuser.execute("delete from auth.users where id = %s", (db.ann,))
        assert counts(superuser) == [0, 0, 0, 0]


def test_every_table_is_described_and_every_function_that_a_user_may_call(db: Database) -> None:
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


def test_every_table_has_row_security(db: Database) -> None:
    with psycopg.connect(db.dsn) as connection:
        open_to_all = rows(
            connection,
            "select relname from pg_class where relnamespace = 'public'::regnamespace"
            " and relkind = 'r' and not relrowsecurity",
        )

    assert open_to_all == []


def test_owners_have_a_policy_for_each_verb(db: Database) -> None:
    with psycopg.connect(db.dsn) as connection:
        policies = rows(
            connection, "select tablename, lower(cmd) from pg_policies where schemaname = 'public'"
        )

    assert set(policies) >= {(table, verb) for table in TABLES for verb in VERBS}
