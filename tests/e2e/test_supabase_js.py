"""supabase-js against the whole stack, with only a URL and a key."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import RunningStack
from tests.e2e.conftest import Play

pytestmark = pytest.mark.e2e


@pytest.fixture
def results(play: Play, stack: RunningStack) -> dict[str, Any]:
    user_id, token = stack.create_user()
    return play("scenarios.mjs", USER_TOKEN=token, USER_ID=user_id, VIDEO=f"js-{uuid4()}")


def test_supabase_js_notices_nothing_unusual(results: dict[str, Any]) -> None:
    """Results of one run of many calls; each test checks one of them."""
    assert results["invoke"]["status"] == "success"
    assert results["invokeByUser"]["data"]["result"]["chunk_count"] == 1
    check_refusals(results)
    check_tables(results)


def check_refusals(results: dict[str, Any]) -> None:
    visitor, unknown = results["invokeByVisitor"], results["invokeUnknown"]
    invalid = results["invokeInvalid"]

    assert {visitor["name"], unknown["name"], invalid["name"]} == {"FunctionsHttpError"}
    assert (visitor["status"], unknown["status"], invalid["status"]) == (401, 404, 400)
    assert unknown["body"]["code"] == "NOT_FOUND"
    assert "video_id" in json.dumps(invalid["body"]["error"])


def check_tables(results: dict[str, Any]) -> None:
    assert results["insert"]["collection_id"] == "js"
    assert results["insertTwice"]["code"] == "23505"
    assert results["upsert"] == [{"metadata": {"seen": [1, 2]}}]
    assert [row["seen"] for row in results["filtered"]] == [1, None]
    assert results["embedded"]["transcripts"]["transcript_chunks"] == [{"chunk_index": 0}]
    assert results["counted"] == {"count": 2, "data": None, "status": 200}
    assert results["single"]["code"] == "PGRST116"
    assert (results["maybeSingle"]["data"], results["maybeSingle"]["error"]) == (None, None)
    assert results["hidden"]["code"] == "42501"
    assert results["updated"] == [{"metadata": {}}]
    assert results["rpc"][0]["chunk_index"] == 0
    assert len(results["deleted"]) == 1
    assert results["missingTable"]["code"] == "PGRST205"
