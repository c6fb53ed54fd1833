"""Rows read back after a run, including failures."""

from typing import Any

import pytest
import requests
import responses

from backend.demo.rows import RowsError, fetch_rows

URL = "http://stack.test/rest/v1/videos"
VIDEO: dict[str, Any] = {
    "id": "v1",
    "video_id": "call",
    "collection_id": "demo",
    "transcripts": {"id": "t1", "transcript_chunks": [{"id": "c1"}, {"id": "c2"}]},
    "generated_outputs": [
        {"id": "o2", "output_type": "analysis", "metadata": {"model": "new"}},
        {"id": "o1", "output_type": "analysis", "metadata": {"model": "old"}},
    ],
}


def fetch() -> list[tuple[str, str]]:
    return [(row.table, row.id) for row in fetch_rows("http://stack.test", "key", "v1")]


@responses.activate
def test_the_newest_rows_are_listed() -> None:
    responses.get(URL, json=[VIDEO])

    assert fetch() == [
        ("videos", "v1"),
        ("transcripts", "t1"),
        ("transcript_chunks", "c1"),
        ("generated_outputs", "o2"),
    ]


@responses.activate
@pytest.mark.parametrize("transcripts", [None, {"id": "t1", "transcript_chunks": []}])
def test_missing_rows_are_not_an_error(transcripts: object) -> None:
    responses.get(URL, json=[{**VIDEO, "transcripts": transcripts}])

    assert ("videos", "v1") in fetch()


@responses.activate
@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"status": 404}, "answered 404"),
        ({"status": 503, "json": {"code": "PGRST001"}}, "answered 503"),
        ({"body": requests.ConnectionError("x")}, "could not be reached"),
        ({"body": "<html>"}, "not JSON"),
    ],
)
def test_a_failure_is_one_sentence(reply: dict[str, Any], reason: str) -> None:
    responses.get(URL, **reply)

    with pytest.raises(RowsError, match=reason):
        fetch()
