"""What the console's API says of recorded requests."""

import pytest

from tests.support.recorded_stack import RecordedStack
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.process]


def test_a_request_is_recorded_with_its_bodies_and_log_lines(recorded: RecordedStack) -> None:
    answer = recorded.call("echo", json={"name": "Ada"})

    found = recorded.show(answer.headers["sb-request-id"])

    assert found["function"] == "echo"
    assert (found["kind"], found["method"], found["status"]) == ("function", "POST", 200)
    assert found["path"] == "/functions/v1/echo"
    assert found["execution_id"] == answer.headers["x-execution-id"]
    assert found["role"] == "service_role"
    assert found["request"]["body"] == found["response"]["body"] == '{"name":"Ada"}'
    assert found["request"]["truncated"] is False
    assert found["duration_ms"] > 0
    lines = wait_for(lambda: recorded.list("/logs", id=answer.headers["x-execution-id"]))
    assert "echo of 14 bytes" in {line["text"] for line in lines}


def test_secrets_are_not_stored(recorded: RecordedStack) -> None:
    key = recorded.stack.settings.service_role_key
    answer = recorded.call(
        "echo",
        json={"password": "pa55word", "iban": "DE00", "note": f"key {key}", "n": 1},
        headers={"x-webhook-signature": "v1=abc", "cookie": "session=1", "apikey": key},
        params={"token": "t0ken", "page": "2"},
    )

    found = recorded.show(answer.headers["sb-request-id"])

    assert found["request"]["body"] == (
        '{"password":"[redacted]","iban":"[redacted]","note":"key [redacted]","n":1}'
    )
    assert found["request"]["redacted"] is True
    assert found["query"] == "token=[redacted]&page=2"
    assert key not in str(found)
    assert "pa55word" not in str(found)
    headers = dict(found["request"]["headers"])
    assert headers["authorization"] == "Bearer [redacted]"
    assert headers["x-webhook-signature"] == headers["cookie"] == "[redacted]"


def test_only_the_first_bytes_of_large_bodies_are_kept(recorded: RecordedStack) -> None:
    answer = recorded.call("echo", content=b"x" * 200_000)

    found = recorded.show(answer.headers["sb-request-id"])

    assert found["request_bytes"] == found["response_bytes"] == 200_000
    assert len(found["request"]["body"]) == len(found["response"]["body"]) == 65536
    assert found["request"]["truncated"] is found["response"]["truncated"] is True


def test_a_body_that_is_no_text_is_given_as_base64(recorded: RecordedStack) -> None:
    answer = recorded.call("echo", content=b"\x00\xff\xfe")

    found = recorded.show(answer.headers["sb-request-id"])

    assert (found["request"]["encoding"], found["request"]["body"]) == ("base64", "AP/+")


def test_a_failure_has_its_code_and_text(recorded: RecordedStack) -> None:
    refused = recorded.call("picky", key="", json={"value": 1})
    negative = recorded.call("picky", json={"value": -5})

    first = recorded.show(refused.headers["sb-request-id"])
    second = recorded.show(negative.headers["sb-request-id"])

    assert (first["status"], first["code"]) == (401, "UNAUTHORIZED_NO_AUTH_HEADER")
    assert first["request"]["body"] == '{"value":1}'
    assert (second["status"], second["code"], second["error"]) == (
        422,
        "NEGATIVE",
        "-5 is negative",
    )


def test_filters_and_pages(recorded: RecordedStack) -> None:
    ids = [
        recorded.call("picky", json={"value": value}).headers["sb-request-id"]
        for value in (1, -1, 2, -2, 917_253)
    ]
    recorded.show(ids[-1])

    failed = recorded.list(function="picky", status="4xx", q="is negative", limit=2)
    by_id = recorded.list(q=ids[2])
    by_body = recorded.list(function="picky", q='"value":917253', status="ok")
    page = recorded.api.get("/requests", params={"function": "picky", "limit": 2}).json()
    following = recorded.api.get(
        "/requests", params={"function": "picky", "limit": 2, "cursor": page["next"]}
    ).json()

    assert [each["id"] for each in failed][:2] == [ids[3], ids[1]]
    assert [each["id"] for each in by_id] == [ids[2]]
    assert [each["id"] for each in by_body] == [ids[4]]
    assert [each["id"] for each in page["data"]] == [ids[4], ids[3]]
    assert [each["id"] for each in following["data"]] == [ids[2], ids[1]]


@pytest.mark.parametrize(
    "query",
    [
        *("status=6xx", "limit=0", "limit=x", "limit=000001" + "0" * 5000),
        *("cursor=zzz", "from=never", "replay_of=1", "to=99999999y"),
    ],
)
def test_a_wrong_parameter_is_named(recorded: RecordedStack, query: str) -> None:
    refused = recorded.api.get(f"/requests?{query}")

    assert refused.status_code == 400
    assert refused.json()["code"] == "INVALID_REQUEST"
    assert query.partition("=")[0] in refused.json()["message"]
    assert refused.json()["hint"]


def test_a_request_that_does_not_exist(recorded: RecordedStack) -> None:
    missing = recorded.api.get("/requests/00000000-0000-0000-0000-000000000000")

    assert (missing.status_code, missing.json()["code"]) == (404, "NOT_FOUND")


def test_requests_of_services_are_recorded_and_polls_are_not(recorded: RecordedStack) -> None:
    key = recorded.stack.settings.service_role_key
    for _ in range(3):
        recorded.client.get("/rest/v1/notes?select=id&limit=7", headers={"apikey": key})
    recorded.client.get("/rest/v1/missing", headers={"apikey": key})

    failed = wait_for(lambda: recorded.list(kind="rest", status="404"))
    notes = [each for each in recorded.list(kind="rest") if each["query"] == "select=id&limit=7"]

    assert failed[0]["path"] == "/rest/v1/missing"
    assert failed[0]["code"] == "PGRST205"
    assert len(notes) == 1
