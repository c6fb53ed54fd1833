"""Storing and reusing transcripts: whole, once, and safe under concurrency."""

import threading
from typing import Any

import psycopg
import pytest

from tests.support.conversations import Database, rows, store, store_as_ann, vector
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process


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


def test_a_video_of_another_owner_is_rejected(db: Database) -> None:
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
        other = threading.Thread(target=lambda: answers.append(store_as_ann(db, "h1")))
        other.start()
        other.join(0.3)
        assert other.is_alive()
    other.join(PATIENCE)

    assert [answer["reused"] for answer in answers] == [True]


def test_two_changes_at_once_leave_one_whole_transcript(db: Database) -> None:
    threads = [
        threading.Thread(target=store_as_ann, args=(db, f"h{number}")) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    with db.as_user(db.ann) as ann:
        assert rows(ann, "select count(*) from transcripts") == [(1,)]
        assert rows(ann, "select count(*) from transcript_chunks") == [(2,)]


def test_a_stored_transcript_is_found_by_hash_and_merges_metadata(db: Database) -> None:
    find = "select public.reuse_transcript_v1('c', 'v', %s, '{\"seen\": true}')"
    with db.as_user(db.ann) as ann:
        stored = store(ann)

        assert rows(ann, find, "h1") == [({**stored, "reused": True},)]
        assert rows(ann, find, "other") == [(None,)]
        assert rows(ann, "select metadata from videos") == [({"h1": 1, "seen": True},)]
    with db.as_user(db.bob) as bob:
        assert rows(bob, find, "h1") == [(None,)]
