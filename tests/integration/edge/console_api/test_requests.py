"""What the console's API says of recorded requests."""

import logging
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

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


def test_what_the_console_reads_itself_is_listed_on_request(recorded: RecordedStack) -> None:
    wanted = str(uuid4())
    recorded.api.get(f"/services/rest/notes?select=id&id=eq.{wanted}").raise_for_status()
    query = {"kind": "rest", "q": wanted}

    assert wait_for(lambda: recorded.list(**query, own="true"))
    assert recorded.list(**query) == []
    poll = {"x-client-info": "edge-poll", "apikey": recorded.stack.settings.service_role_key}
    polled = str(uuid4())
    recorded.client.get(f"/rest/v1/notes?id=eq.{polled}", headers=poll).raise_for_status()
    query = {"kind": "rest", "q": polled}
    assert wait_for(lambda: recorded.list(**query, own="true"))
    assert recorded.list(**query) == []


def test_websockets_are_recorded_when_they_close(recorded: RecordedStack) -> None:
    settings = recorded.stack.settings
    url = settings.api_url.replace("http://", "ws://")
    bearer = {"authorization": f"Bearer {settings.service_role_key}"}
    with connect(f"{url}/functions/v1/talk", additional_headers=bearer) as socket:
        socket.send("é" * 70_000)
        socket.send("hello")
        assert [len(socket.recv()) for _ in range(4)] == [70_000, 70_000, 5, 5]
        socket.send("bye")
        with pytest.raises(ConnectionClosed):
            socket.recv()
    with connect(f"{url}/realtime/v1/websocket?apikey={settings.anon_key}") as socket:
        socket.send('{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}')
        socket.recv()
    with pytest.raises(InvalidStatus):
        connect(f"{url}/functions/v1/talk")

    ok = wait_for(lambda: recorded.list(function="talk", status="ok"))
    refused = wait_for(lambda: recorded.list(function="talk", status="4xx"))
    realtime = wait_for(lambda: recorded.list(kind="realtime", status="ok"))
    assert ok
    assert refused
    assert realtime
    assert ok[0]["attributes"] == {
        "network.protocol.name": "websocket",
        "websocket.messages_received": 3,
        "websocket.messages_sent": 4,
        "websocket.close_code": 4001,
    }
    assert (ok[0]["status"], ok[0]["role"]) == (101, "service_role")
    assert refused[0]["status"] == 401
    assert realtime[0]["attributes"]["websocket.messages_sent"] == 1
    assert realtime[0]["attributes"]["websocket.close_code"] == 1000
    assert realtime[0]["role"] == "anon"
    assert settings.anon_key not in str(realtime[0])
    page = recorded.show(ok[0]["id"])
    assert "heard hello" in {line["text"] for line in page["logs"]}
    replayed = recorded.api.post(f"/requests/{ok[0]['id']}/replay", json={})
    assert replayed.json()["code"] == "WEBSOCKET"


def test_what_services_and_postgres_write_is_beside_the_request(recorded: RecordedStack) -> None:
    key = recorded.stack.settings.service_role_key
    headers = {"apikey": key, "authorization": f"Bearer {key}"}
    wanted = uuid4().hex
    body = {"email": f"{wanted}@example.com", "password": "wrong, and long enough"}
    recorded.client.post("/auth/v1/token?grant_type=password", json=body, headers=headers)
    recorded.client.get(f"/rest/v1/notes?id=like.{wanted}&owner=eq.x{wanted}", headers=headers)

    line = wait_for(lambda: recorded.list("/logs", source="postgres", q=wanted))
    assert line
    assert "invalid input syntax" in line[0]["text"]
    assert line[0]["level"] == "error"
    page = recorded.show(line[0]["request_id"])
    assert page["query"].startswith(f"id=like.{wanted}")
    assert {each["source"] for each in page["logs"]} == {"rest", "postgres"}
    refused = wait_for(lambda: recorded.list("/logs", source="auth", level="warning"))
    assert refused
    assert "/auth/v1/token 400 invalid_credentials" in refused[0]["text"]


def test_jobs_of_cron_write_lines(recorded: RecordedStack) -> None:
    logging.getLogger("edge.emulator.postgres.cron").info("The job %d of cron.job: %s", 7, "1 row")

    found = wait_for(lambda: recorded.list("/logs", source="cron"))
    assert found
    assert found[0]["text"] == "The job 7 of cron.job: 1 row"
