"""Vector search over the chunks visible to the caller."""

import pytest

from tests.support.conversations import Database, rows, store, vector

pytestmark = pytest.mark.process


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


def test_a_search_over_all_videos_finds_only_own_chunks(db: Database) -> None:
    query = "select count(*) from public.match_chunks(%s, 5)"
    with db.as_user(db.bob) as bob:
        store(bob, video="bobs", chunks=[(i, vector(1, i / 1000), i, i + 1) for i in range(200)])
    with db.as_user(db.ann) as ann:
        store(ann, video="anns", chunks=[(i, vector(0, 1, i), i, i + 1) for i in range(5)])
    with db.as_user(db.ann) as ann:
        assert rows(ann, query, vector(1)) == [(5,)]
