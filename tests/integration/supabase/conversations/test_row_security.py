"""Row-level security of conversations: two users and one row."""

import json
from typing import LiteralString

import psycopg
import pytest

from tests.support.conversations import TABLES, Database, counts, rows, store

pytestmark = pytest.mark.process

VERBS = ("select", "insert", "update", "delete")


def test_rows_are_invisible_to_other_users(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        video = store(ann)["video_uuid"]
        outputs = json.dumps([{"output_type": "analysis", "content": "x"}])
        ann.execute("select public.store_outputs_v1(%s, %s)", (video, outputs))
        assert counts(ann) == [1, 1, 2, 1]
    with db.as_user(db.bob) as bob:
        assert counts(bob) == [0, 0, 0, 0]
    with db.as_service() as service:
        assert counts(service) == [1, 1, 2, 1]


@pytest.mark.parametrize("table", TABLES)
def test_rows_of_other_users_cannot_be_updated_or_deleted(db: Database, table: str) -> None:
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
def test_rows_cannot_be_inserted_for_other_users(db: Database, insert: LiteralString) -> None:
    with db.as_user(db.ann) as ann:
        stored = store(ann)
    names = {
        "ann": db.ann,
        "video": stored["video_uuid"],
        "transcript": stored["transcript_id"],
    }
    with db.as_user(db.bob) as bob, pytest.raises(psycopg.errors.InsufficientPrivilege):
        bob.execute(insert, names)


def test_the_owner_of_a_video_cannot_be_changed(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        store(ann)
    with db.as_user(db.ann) as ann, pytest.raises(psycopg.errors.InsufficientPrivilege):
        ann.execute("update videos set owner_id = %s", (db.bob,))


@pytest.mark.parametrize("table", TABLES)
def test_anon_has_no_access_to_tables(db: Database, table: str) -> None:
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
def test_anon_cannot_call_functions(db: Database, call: LiteralString) -> None:
    with db.as_anon() as anon, pytest.raises(psycopg.errors.InsufficientPrivilege):
        anon.execute(call)


def test_owners_have_a_policy_for_each_verb(db: Database) -> None:
    with psycopg.connect(db.dsn) as connection:
        policies = rows(
            connection, "select tablename, lower(cmd) from pg_policies where schemaname = 'public'"
        )

    assert set(policies) >= {(table, verb) for table in TABLES for verb in VERBS}


def test_deleting_a_user_deletes_all_rows(db: Database) -> None:
    with db.as_user(db.ann) as ann:
        store(ann)
    with psycopg.connect(db.dsn) as superuser:
        superuser.execute("delete from auth.users where id = %s", (db.ann,))
        assert counts(superuser) == [0, 0, 0, 0]
