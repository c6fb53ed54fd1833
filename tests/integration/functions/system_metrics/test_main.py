"""Metrics through HTTP, on the whole stack."""

import pytest

from tests.conftest import RunningStack
from tests.support.chat_worker import registered_chat_worker
from tests.support.media_users import create_media_user
from tests.support.waiting import wait_for

pytestmark = pytest.mark.e2e

SLUG = "system-metrics"


def test_workers_queues_and_functions_are_shown(stack: RunningStack) -> None:
    admin = create_media_user(stack, role="admin")
    with registered_chat_worker(stack) as worker:
        shown = admin.call_without_body(SLUG).json()

    [found] = [each for each in shown["workers"]["chat"] if each["url"] == worker.url]
    assert (found["type"], found["status"]) == ("chat", "healthy")
    assert set(shown["workers"]) == {"chat", "sdxl", "wan"}
    assert {"sdxl_queue", "wan_queue"} <= set(shown["queues"])
    assert set(shown["etaEstimates"]) == {"sdxl", "wan"}


def test_requests_of_functions_are_summed(stack: RunningStack) -> None:
    stack.call("get-negative-prompt", {})
    stack.call("get-negative-prompt", {"modelType": "hologram"})

    def counted() -> bool:
        found = stack.call(SLUG, {"minutes": 5}).json()["functions"].get("get-negative-prompt", {})
        return bool(found.get("errors") and found["cacheHitRate"])

    wait_for(counted)
    shown = stack.call(SLUG, {}).json()
    assert shown["functions"]["get-negative-prompt"]["errorCodes"]["MODEL_UNKNOWN"] >= 1
    assert shown["functions"]["get-negative-prompt"]["p95Ms"] > 0
    assert shown["promptCache"]["integrityHash"]


def test_only_admins_see_them(stack: RunningStack) -> None:
    user = create_media_user(stack)

    assert user.call(SLUG, {}).status_code == 403
    assert stack.call(SLUG, {}, stack.anon_key).status_code == 401
    assert stack.call(SLUG, {"minutes": 0}).status_code == 400
    with stack.client() as client:
        assert client.get(f"/functions/v1/{SLUG}").status_code == 200


def test_only_admins_read_the_counts_by_the_data_api(stack: RunningStack) -> None:
    stack.call("get-negative-prompt", {})
    admin, user = create_media_user(stack, role="admin"), create_media_user(stack)

    def read(token: str) -> list[object]:
        with stack.client() as client:
            headers = {"apikey": stack.anon_key, "authorization": f"Bearer {token}"}
            return client.get("/rest/v1/function_metrics?limit=1", headers=headers).json()

    wait_for(lambda: read(admin.token), 10)
    assert read(user.token) == []
