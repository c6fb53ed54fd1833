"""supabase-py against the whole stack, each test with a database of its own."""

from typing import Any
from uuid import uuid4

import pytest
from postgrest.exceptions import APIError
from supabase import Client
from supabase_functions.errors import FunctionsHttpError

from edge.pytest_fixtures import AsUser, Project

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.filterwarnings("ignore:The .* parameter is deprecated"),  # raised inside the client
]
TRANSCRIPT = "Ann: What does it cost you?\nBob: Too much, and I need to ask my boss."


def process(client: Client, video_id: str) -> dict[str, Any]:
    body = {"collection_id": "py", "video_id": video_id, "transcript": TRANSCRIPT}
    answer = client.functions.invoke("process-transcript", {"body": body, "responseType": "json"})
    return answer["data"]["result"]


def test_functions_are_invoked_with_the_secret_key(project: Project) -> None:
    client = project.connect(project.stack.secret_key)

    assert process(client, "a-video")["chunk_count"] == 1


def test_a_refusal_carries_the_functions_message(service: Client) -> None:
    with pytest.raises(FunctionsHttpError) as refused:
        service.functions.invoke("structured-data", {"body": {"video_id": str(uuid4())}})

    assert "VIDEO_NOT_FOUND" in str(refused.value)


def test_each_user_sees_their_own_rows_only(as_user: AsUser) -> None:
    ann, bob = as_user("ann@example.com"), as_user("bob@example.com")
    process(ann, "a-video")

    seen = [client.table("videos").select("video_id").execute().data for client in (ann, bob)]

    assert seen == [[{"video_id": "a-video"}], []]


def test_another_users_video_cannot_be_overwritten(as_user: AsUser) -> None:
    process(as_user("ann@example.com"), "a-video")

    with pytest.raises(FunctionsHttpError) as refused:
        process(as_user("bob@example.com"), "a-video")

    assert refused.value.status == 409


def test_the_table_builder_reads_and_writes(service: Client) -> None:
    table = service.table("videos")
    names = ["one", "two", "three"]
    rows = [{"video_id": name, "collection_id": "py-rows"} for name in names]

    inserted = table.insert(rows).execute().data
    again = table.upsert(rows[0] | {"metadata": {"n": 1}}, on_conflict="video_id,collection_id")
    again.execute()
    page = table.select("*", count="exact").order("id").range(0, 1).execute()
    single = table.select("metadata->n").eq("video_id", "one").single().execute()
    updated = table.update({"metadata": {"n": 2}}).in_("video_id", names).execute().data
    deleted = table.delete().in_("video_id", names).execute().data

    assert [row["video_id"] for row in inserted] == names
    assert (page.count, len(page.data)) == (3, 2)
    assert single.data == {"n": 1}
    assert [row["metadata"] for row in updated] == [{"n": 2}] * 3
    assert len(deleted) == 3


def test_errors_are_postgrests(service: Client) -> None:
    table = service.table("videos")

    with pytest.raises(APIError) as missing:
        table.select("no_such_column").execute()
    with pytest.raises(APIError) as none_found:
        table.select("id").eq("video_id", "nothing").single().execute()

    assert (missing.value.code, none_found.value.code) == ("42703", "PGRST116")
