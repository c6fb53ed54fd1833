"""The registry's functions over HTTP: registration, choice, fail-over, health, old settings."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.conftest import RunningStack
from tests.support.played_worker import PlayedWorker, playing


def config(stack: RunningStack) -> dict[str, Any]:
    with psycopg.connect(stack.dsn) as connection:
        row = connection.execute("select config from public.system_config where id = 1").fetchone()
    assert row
    return row[0]


def post_nothing(stack: RunningStack, slug: str, key: str | None = None) -> Any:
    """Call without a body, as the admin page does."""
    with stack.client(key) as client:
        return client.post(f"/functions/v1/{slug}")


def register(stack: RunningStack, worker: PlayedWorker, **fields: Any) -> None:
    response = stack.call("update-worker-url", {"worker_url": worker.url, **fields})
    assert response.status_code == 200, response.text


def test_a_registered_worker_is_found_and_the_old_settings_name_it(stack: RunningStack) -> None:
    worker = PlayedWorker()
    with playing(worker):
        answer = stack.call(
            "update-worker-url",
            {
                "worker_url": worker.url + "/",
                "auto_registered": True,
                "registration_method": "startup",
                "detection_method": "RUNPOD_POD_ID",
                "timestamp": "2026-11-28T12:00:00Z",
            },
        ).json()
        found = post_nothing(stack, "get-active-worker-url").json()

    assert (answer["success"], answer["worker_url"]) == (True, worker.url)
    assert found["worker_url"] == found["workerUrl"] == worker.url
    assert (found["isHealthy"], found["healthError"]) == (True, None)
    assert found["registrationInfo"]["registrationMethod"] == "startup"
    assert (found["supportedEndpoints"], found["workerCapabilities"]) == (["/chat"], {"chat": True})
    old = config(stack)
    assert old["workerUrl"] == old["worker_url"] == old["wanWorkerUrl"] == worker.url
    assert (old["autoRegistered"], old["worker_status"]) == (True, "active")
    assert old["workerHealthCache"]["wanWorker"]["isHealthy"] is True


def test_the_admin_page_s_names_are_understood(stack: RunningStack, admin: str) -> None:
    worker = PlayedWorker()
    with playing(worker):
        answer = stack.call("update-worker-url", {"workerUrl": worker.url}, admin)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "worker",
    [
        PlayedWorker(status=500),
        PlayedWorker(raw=b"<html>"),
        PlayedWorker(raw=b'{"status": "hea'),
        PlayedWorker(health={"status": "loading"}),
        PlayedWorker(health=[]),
        PlayedWorker(redirect="http://127.0.0.1:1/health"),
        PlayedWorker(raw=b"x" * 2_000_000),
        PlayedWorker(raw=b""),
    ],
)
def test_a_worker_that_is_not_well_is_not_entered(
    stack: RunningStack, worker: PlayedWorker
) -> None:
    with playing(worker):
        answer = stack.call("update-worker-url", {"worker_url": worker.url})

    assert answer.status_code == 400
    assert answer.json()["code"] == "WORKER_NOT_RESPONDING"
    assert "wanWorkerUrl" not in config(stack)


@pytest.mark.parametrize(
    "url",
    [
        *("", "worker", "ftp://example.com", "file:///etc/passwd", "http://", "http://a b"),
        *("http://169.254.169.254/latest", "http://[fd00:ec2::254]", "http://0.0.0.0"),
        *("http://[::ffff:169.254.169.254]", "http://user:pass@example.com", "http://a\\@b"),
        *("http://2852039166/", "http://0xa9fea9fe/", "http://[64:ff9b::a9fe:a9fe]/"),
        *("http://example.com:99999", "javascript:alert(1)", "http://" + "a" * 3000),
        "http://224.0.0.1",
    ],
)
@pytest.mark.parametrize("slug", ["update-worker-url", "register-chat-worker"])
def test_urls_that_may_not_be_called_are_refused(stack: RunningStack, slug: str, url: str) -> None:
    answer = stack.call(slug, {"worker_url": url})

    if not url and slug == "register-chat-worker":
        assert answer.status_code == 404  # as without a body
    else:
        assert answer.status_code == 400, answer.text
        assert answer.json()["success"] is False


def test_only_administrators_and_the_service_register(stack: RunningStack) -> None:
    _, user = stack.create_user()

    for slug in ("update-worker-url", "register-chat-worker", "health-check-workers"):
        assert stack.call(slug, {"worker_url": "http://127.0.0.1:9"}, user).status_code == 403
        assert stack.call(slug, {}, stack.anon_key).status_code == 401


def test_a_chat_worker_is_registered_before_it_answers(stack: RunningStack) -> None:
    worker = PlayedWorker(status=503)
    with playing(worker):
        first = stack.call("register-chat-worker", {"worker_url": worker.url}).json()
        worker.status = 200
        again = post_nothing(stack, "register-chat-worker").json()

    assert (first["success"], first["healthStatus"]) == (True, "unhealthy")
    assert (again["workerUrl"], again["healthStatus"]) == (worker.url, "healthy")
    assert config(stack)["chatWorkerRegistrationInfo"]["health_status"] == "healthy"


@pytest.mark.parametrize("slug", ["get-active-worker-url", "register-chat-worker"])
def test_without_a_worker_there_is_none_to_name(stack: RunningStack, slug: str) -> None:
    answer = post_nothing(stack, slug)

    assert answer.status_code == 404
    assert answer.json()["error"] == "No worker URL configured"
    assert answer.json()["success"] is False


def test_requests_go_round_and_by_weight(stack: RunningStack) -> None:
    light, heavy = PlayedWorker(), PlayedWorker()
    with playing(light, heavy):
        register(stack, light, worker_type="chat")
        register(stack, heavy, worker_type="chat", weight=3)
        urls = Counter(
            stack.call("get-active-worker-url", {"worker_type": "chat"}).json()["worker_url"]
            for _ in range(24)
        )

    assert urls[heavy.url] > urls[light.url] > 0


def test_an_unhealthy_worker_is_passed_over_within_one_request(stack: RunningStack) -> None:
    bad, good = PlayedWorker(), PlayedWorker()
    with playing(bad, good):
        register(stack, bad, worker_type="chat", weight=100)
        register(stack, good, worker_type="chat")
        bad.status = 500
        answers = [
            stack.call("get-active-worker-url", {"worker_type": "chat"}).json() for _ in range(4)
        ]
        assert {answer["worker_url"] for answer in answers} == {good.url}
        assert all(answer["isHealthy"] for answer in answers)
        bad.status = 200
        assert stack.call("health-check-workers", {}).status_code == 200
        recovered = {
            stack.call("get-active-worker-url", {"worker_type": "chat"}).json()["worker_url"]
            for _ in range(4)
        }

    assert bad.url in recovered


def test_an_sdxl_request_is_served_by_a_wan_worker_if_there_is_no_other(
    stack: RunningStack,
) -> None:
    worker = PlayedWorker()
    with playing(worker):
        register(stack, worker, worker_type="wan")
        found = stack.call("get-active-worker-url", {"worker_type": "sdxl"}).json()

    assert found["worker_url"] == worker.url
    assert found["registrationInfo"]["workerType"] == "wan-fallback"


def test_health_covers_all_types_and_keeps_the_other_settings(
    stack: RunningStack, admin: str
) -> None:
    workers = {name: PlayedWorker() for name in ("chat", "sdxl", "wan")}
    with psycopg.connect(stack.dsn) as connection:
        connection.execute(
            "update public.system_config set config = config || '{\"mine\": 1}' where id = 1"
        )
    with playing(*workers.values()):
        for name, worker in workers.items():
            register(stack, worker, worker_type=name)
        workers["sdxl"].raw = b"nonsense"
        answer = post_nothing(stack, "health-check-workers", admin).json()

    results = answer["healthResults"]
    assert {name: entry["isHealthy"] for name, entry in results.items()} == {
        "chatWorker": True,
        "sdxlWorker": False,
        "wanWorker": True,
    }
    old = config(stack)
    assert old["mine"] == 1
    assert old["workerHealthCache"]["sdxlWorker"]["isHealthy"] is False
    assert old["workerHealthCache"]["chatWorker"]["url"] == workers["chat"].url
    with stack.client(admin) as client:
        rows = client.get("/rest/v1/system_config?select=config&id=eq.1").json()
    assert rows[0]["config"]["workerHealthCache"]["wanWorker"]["isHealthy"] is True


def test_three_failures_within_a_minute_block_a_worker(stack: RunningStack) -> None:
    worker = PlayedWorker()
    with playing(worker):
        register(stack, worker, worker_type="chat")
        worker.status = 500
        for _ in range(3):
            stack.call("get-active-worker-url", {"worker_type": "chat"})
        asked = len(worker.requests)
        blocked = stack.call("get-active-worker-url", {"worker_type": "chat"}).json()

    assert len(worker.requests) == asked
    assert (blocked["worker_url"], blocked["isHealthy"]) == (worker.url, False)
    assert "asked again" in blocked["healthError"]


def test_a_url_that_a_worker_writes_into_the_settings_is_registered(stack: RunningStack) -> None:
    worker = PlayedWorker()
    with playing(worker), stack.client() as client:
        written = client.patch(
            "/rest/v1/system_config?id=eq.1",
            json={"config": {**config(stack), "workerUrl": worker.url, "mine": 2}},
        )
        found = stack.call("get-active-worker-url", {}).json()
        odd = client.patch(
            "/rest/v1/system_config?id=eq.1", json={"config": {"workerUrl": "file:///etc"}}
        )

    assert (written.status_code, odd.status_code) == (204, 204)
    assert (found["worker_url"], found["isHealthy"]) == (worker.url, True)
    assert found["registrationInfo"]["registrationMethod"] == "system_config"


def test_no_update_is_lost_among_many_at_once(stack: RunningStack) -> None:
    workers = [PlayedWorker() for _ in range(6)]
    with playing(*workers), ThreadPoolExecutor(8) as threads:
        jobs = [
            threads.submit(register, stack, worker, worker_type=name)
            for worker in workers
            for name in ("chat", "sdxl", "wan")
        ]
        for job in jobs:
            job.result()
        with psycopg.connect(stack.dsn) as connection:
            count = connection.execute("select count(*) from public.workers").fetchone()

    assert count == (18,)
    assert {"chatWorkerUrl", "sdxlWorkerUrl", "wanWorkerUrl"} <= set(config(stack))
