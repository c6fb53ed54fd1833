"""Replays, bulk replays and calls from the console, against a running stack."""

import base64
import json
from email import message_from_bytes
from typing import Any, cast

import httpx
import pytest

from edge.console_api import bulk as bulk_routes
from edge.console_api import saved as saved_routes
from tests.support.recorded_stack import RecordedStack
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.process]


def record(recorded: RecordedStack, value: int, **options: Any) -> str:
    """Call the picky function; returns the id once it is stored."""
    answer = recorded.call("picky", json={"value": value}, **options)
    recorded.show(answer.headers["sb-request-id"])
    return answer.headers["sb-request-id"]


def replay(recorded: RecordedStack, request_id: str, **asked: Any) -> httpx.Response:
    return recorded.api.post(f"/requests/{request_id}/replay", json=asked)


def test_a_replay_has_the_same_answer_and_is_marked(recorded: RecordedStack) -> None:
    request_id = record(recorded, 7)

    answer = replay(recorded, request_id).json()
    found = recorded.show(answer["id"])

    assert answer["status"] == 200
    assert json.loads(answer["body"])["value"] == 7
    assert answer["diff"] == {"status": None, "headers": None, "body": None}
    assert (found["replay_of"], found["role"]) == (request_id, "service_role")
    assert answer["id"] in recorded.show(request_id)["replays"]


def test_an_edited_body_shows_what_changed(recorded: RecordedStack) -> None:
    request_id = record(recorded, -7)

    answer = replay(recorded, request_id, body={"value": 8}).json()

    assert answer["status"] == 200
    assert answer["diff"]["status"] == {"before": 422, "after": 200}
    assert '-  "code": "NEGATIVE",' in answer["diff"]["body"]
    assert '+  "value": 8,' in answer["diff"]["body"]


def test_a_refused_request_is_replayed_as_another_caller(recorded: RecordedStack) -> None:
    request_id = record(recorded, 3, key="")

    same = replay(recorded, request_id).json()
    service = replay(recorded, request_id, **{"as": "service_role"}).json()
    unknown = replay(
        recorded, request_id, **{"as": {"sub": "00000000-0000-4000-8000-00000000dead"}}
    )

    assert same["status"] == 401
    assert service["status"] == 200
    assert unknown.status_code == 404


def test_a_replay_as_a_user(recorded: RecordedStack) -> None:
    key = recorded.stack.settings.service_role_key
    user = recorded.client.post(
        "/auth/v1/admin/users",
        headers={"apikey": key, "authorization": f"Bearer {key}"},
        json={"email": "replay@example.com", "email_confirm": True},
    ).json()
    request_id = record(recorded, 4)

    answer = replay(recorded, request_id, **{"as": {"sub": user["id"]}}).json()

    found = recorded.show(answer["id"])
    assert (found["role"], found["sub"]) == ("authenticated", user["id"])
    assert replay(recorded, answer["id"]).json()["status"] == 200
    again = recorded.list(replay_of=answer["id"])
    assert wait_for(lambda: recorded.list(replay_of=answer["id"]) or again)[0]["sub"] == user["id"]


def test_what_is_not_stored_whole_is_refused_with_the_cure(recorded: RecordedStack) -> None:
    large = recorded.call("echo", content=b"y" * 100_000).headers["sb-request-id"]
    secret = recorded.call("echo", json={"password": "x"}).headers["sb-request-id"]
    recorded.show(large)
    recorded.show(secret)

    truncated, redacted = replay(recorded, large), replay(recorded, secret)
    whole = replay(recorded, large, body={"base64": base64.b64encode(b"z" * 70_000).decode()})
    long = recorded.call(f"echo/{'x' * 3000}", json={}).headers["sb-request-id"]
    recorded.show(long)
    cut = replay(recorded, long, body="{}")

    assert (truncated.status_code, truncated.json()["code"]) == (409, "BODY_TRUNCATED")
    assert (redacted.status_code, redacted.json()["code"]) == (409, "BODY_REDACTED")
    assert "--body @FILE" in truncated.json()["hint"]
    assert (cut.status_code, cut.json()["code"]) == (409, "PATH_TRUNCATED")
    assert (whole.json()["status"], len(whole.json()["body"])) == (200, 70_000)


@pytest.mark.parametrize(
    "asked", [{"as": "king"}, {"headers": 3}, {"body": {"base64": "%"}}, {"other": 1}]
)
def test_a_wrong_replay_is_refused(recorded: RecordedStack, asked: dict[str, Any]) -> None:
    assert replay(recorded, record(recorded, 1), **asked).status_code == 400


def test_a_client_cannot_mark_its_requests_as_replays(recorded: RecordedStack) -> None:
    answer = recorded.call("echo", content=b"x", headers={"x-edge-console-mark": "guess"})

    assert recorded.show(answer.headers["sb-request-id"])["replay_of"] is None


def test_only_so_many_bulk_actions_run_at_once(
    recorded: RecordedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_routes, "_AT_ONCE", 0)
    wanted = {"function": "echo", "status": "ok"}
    refused = recorded.api.post("/bulk", json={"action": "replay", "filter": wanted})

    assert (refused.status_code, refused.json()["code"]) == (409, "TOO_MANY_RUNNING")
    assert "abort" in refused.json()["hint"]


def test_bulk_replays_what_a_filter_finds(recorded: RecordedStack) -> None:
    for value in (-7010101, -7010102, 7010103):
        record(recorded, value)
    wanted = {"function": "picky", "status": "4xx", "q": "-701010"}

    number = recorded.api.post(
        "/bulk", json={"action": "replay", "filter": wanted, "dry_run": True}
    ).json()
    bulk = recorded.api.post("/bulk", json={"action": "replay", "filter": wanted}).json()

    def is_over() -> dict[str, Any] | None:
        found = recorded.api.get(f"/bulk/{bulk['id']}").json()
        return found if found["state"] != "running" else None

    done = wait_for(is_over)
    assert done
    assert number["total"] == 2
    assert (done["state"], done["done"], done["failed"]) == ("completed", 2, 2)
    assert recorded.api.delete(f"/bulk/{bulk['id']}").json()["state"] == "completed"


def test_an_answer_that_breaks_off_is_an_error_of_its_own(recorded: RecordedStack) -> None:
    with pytest.raises(httpx.HTTPError):
        recorded.call("cut", content=b"")
    found = wait_for(lambda: recorded.list(function="cut"))

    answer = replay(recorded, found[0]["id"])

    assert (answer.status_code, answer.json()["code"]) == (502, "ANSWER_INCOMPLETE")
    assert "broke off" in answer.json()["message"]


@pytest.mark.parametrize("wanted", [{}, {"function": " "}, {"other": "x"}])
def test_bulk_needs_a_filter(recorded: RecordedStack, wanted: dict[str, str]) -> None:
    refused = recorded.api.post("/bulk", json={"action": "replay", "filter": wanted})

    assert refused.status_code == 400
    assert refused.json()["code"] in {"EMPTY_FILTER", "UNKNOWN_FILTER"}


def test_a_call_from_the_console(recorded: RecordedStack) -> None:
    answer = recorded.api.post(
        "/invoke",
        json={"function": "echo", "path": "/a b", "query": {"x": "1"}, "body": "hé", "as": "anon",
              "headers": {"content-type": "text/plain", "x-mine": "1"}},
    )  # fmt: skip

    found = recorded.show(answer.headers["x-console-request-id"])

    assert (answer.status_code, answer.headers["x-console-status"]) == (200, "200")
    assert answer.text == "hé"
    assert ["content-type", "text/plain; charset=utf-8"] in json.loads(
        answer.headers["x-console-headers"]
    )
    assert found["path"] == "/functions/v1/echo/a%20b"
    assert (found["query"], found["role"]) == ("x=1", "anon")
    assert ["x-mine", "1"] in found["request"]["headers"]


def test_a_call_from_the_console_is_kept_though_it_repeats_one(recorded: RecordedStack) -> None:
    asked = {"path": "/rest/v1/notes", "method": "GET", "query": {"limit": "3"}}
    calls = [recorded.api.post("/invoke", json=asked) for _ in range(2)]

    found = [recorded.show(call.headers["x-console-request-id"]) for call in calls]

    assert [each["path"] for each in found] == ["/rest/v1/notes"] * 2


@pytest.mark.parametrize("path", ["/console/api/status", "/functions/v1/../../x", "/metrics"])
def test_a_call_reaches_only_the_projects_api(recorded: RecordedStack, path: str) -> None:
    assert recorded.api.post("/invoke", json={"path": path}).status_code == 400


def test_a_form_with_a_file_is_sent_as_multipart(recorded: RecordedStack) -> None:
    data = base64.b64encode(bytes(range(256))).decode()
    file = {"name": "photo", "filename": 'a "b".png', "base64": data, "content_type": "image/png"}
    answer = recorded.api.post(
        "/invoke",
        json={"function": "echo", "as": "anon", "parts": [{"name": "é", "value": "1\r\n2"}, file]},
    )
    kind = answer.headers["content-type"]
    parsed = message_from_bytes(f"content-type: {kind}\r\n\r\n".encode() + answer.content)
    first, second = cast("list[Any]", parsed.get_payload())

    assert kind.startswith("multipart/form-data")
    assert first.get_payload(decode=True) == b"1\r\n2"
    assert second.get_content_type() == "image/png"
    assert second.get_payload(decode=True) == bytes(range(256))


def test_requests_are_saved_under_names(
    recorded: RecordedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/functions/echo/saved"
    request = {"method": "PUT", "path": "/x", "body": "{}", "fields": [{"name": "a", "value": "b"}]}
    saved = recorded.api.put(f"{path}/a%20name", json=request)
    monkeypatch.setattr(saved_routes, "_MOST", 1)

    assert saved.status_code == 200
    assert recorded.api.put(f"{path}/a%20name", json={"body": "[]"}).json()["body"] == "[]"
    assert recorded.api.put(f"{path}/b", json=request).json()["code"] == "TOO_MANY_SAVED"
    monkeypatch.setattr(saved_routes, "_MOST", 2)
    monkeypatch.setattr(saved_routes, "_MOST_TOGETHER", 300)
    large = {"body": "x" * 250}
    assert recorded.api.put(f"{path}/b", json=large).json()["code"] == "TOO_MANY_SAVED"
    assert recorded.api.put("/functions/nobody/saved/a", json=request).status_code == 404
    assert recorded.api.put(f"{path}/{'x' * 101}", json=request).status_code == 400
    assert recorded.api.put(f"{path}/b", json={"body": "\0"}).status_code == 400
    (found,) = recorded.list(path)
    assert (found["name"], found["method"], found["body"]) == ("a name", "POST", "[]")
    assert recorded.api.delete(f"{path}/a%20name").status_code == 204
    assert recorded.api.delete(f"{path}/a%20name").status_code == 404
