"""supabase-py against the whole stack."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest
from postgrest.exceptions import APIError
from supabase import Client, ClientOptions, create_client
from supabase_functions.errors import FunctionsHttpError

from tests.conftest import RunningStack
from tests.support.waiting import PATIENCE

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.filterwarnings("ignore:The .* parameter is deprecated"),  # raised inside the client
]
TRANSCRIPT = "Ann: What does it cost you?\nBob: Too much, and I need to ask my boss."
Connect = Callable[..., Client]


@pytest.fixture
def connect(stack: RunningStack) -> Iterator[Connect]:
    """Makes clients, and closes their connections at the end."""
    with ExitStack() as exits:

        def make(key: str, token: str | None = None) -> Client:
            session = exits.enter_context(httpx.Client(timeout=PATIENCE))
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            options = ClientOptions(headers=headers, httpx_client=session)
            return create_client(stack.url, key, options)

        yield make


def process(client: Client, video_id: str) -> dict[str, Any]:
    body = {"collection_id": "py", "video_id": video_id, "transcript": TRANSCRIPT}
    answer = client.functions.invoke("process-transcript", {"body": body, "responseType": "json"})
    return answer["data"]["result"]


def test_functions_are_invoked_with_the_secret_key(stack: RunningStack, connect: Connect) -> None:
    assert process(connect(stack.secret_key), f"py-{uuid4()}")["chunk_count"] == 1


def test_a_refusal_carries_the_functions_message(stack: RunningStack, connect: Connect) -> None:
    client = connect(stack.service_role_key)

    with pytest.raises(FunctionsHttpError) as refused:
        client.functions.invoke("structured-data", {"body": {"video_id": str(uuid4())}})

    assert "VIDEO_NOT_FOUND" in str(refused.value)


def test_each_user_sees_their_own_rows_only(stack: RunningStack, connect: Connect) -> None:
    (_, ann), (_, bob) = stack.create_user(), stack.create_user()
    video_id = f"py-{uuid4()}"
    hers, his = (connect(stack.anon_key, token) for token in (ann, bob))
    process(hers, video_id)

    seen = [
        client.table("videos").select("video_id").eq("video_id", video_id).execute().data
        for client in (hers, his)
    ]

    assert seen == [[{"video_id": video_id}], []]


def test_another_users_video_cannot_be_overwritten(stack: RunningStack, connect: Connect) -> None:
    (_, ann), (_, bob) = stack.create_user(), stack.create_user()
    video_id = f"py-{uuid4()}"
    process(connect(stack.anon_key, ann), video_id)

    with pytest.raises(FunctionsHttpError) as refused:
        process(connect(stack.anon_key, bob), video_id)

    assert refused.value.status == 409


def test_the_table_builder_reads_and_writes(stack: RunningStack, connect: Connect) -> None:
    table = connect(stack.service_role_key).table("videos")
    rows = [{"video_id": str(uuid4()), "collection_id": "py-rows"} for _ in range(3)]
    names = [row["video_id"] for row in rows]

    inserted = table.insert(rows).execute().data
    again = table.upsert(rows[0] | {"metadata": {"n": 1}}, on_conflict="video_id,collection_id")
    again.execute()
    page = table.select("*", count="exact").in_("video_id", names).order("id").range(0, 1).execute()
    single = table.select("metadata->n").eq("video_id", names[0]).single().execute()
    updated = table.update({"metadata": {"n": 2}}).in_("video_id", names).execute().data
    deleted = table.delete().in_("video_id", names).execute().data

    assert [row["video_id"] for row in inserted] == names
    assert (page.count, len(page.data)) == (3, 2)
    assert single.data == {"n": 1}
    assert [row["metadata"] for row in updated] == [{"n": 2}] * 3
    assert len(deleted) == 3


def test_errors_are_postgrests(stack: RunningStack, connect: Connect) -> None:
    table = connect(stack.service_role_key).table("videos")

    with pytest.raises(APIError) as missing:
        table.select("no_such_column").execute()
    with pytest.raises(APIError) as none_found:
        table.select("id").eq("video_id", "nothing").single().execute()

    assert (missing.value.code, none_found.value.code) == ("42703", "PGRST116")
