"""The console of a hosted project: operators only, read-only unless allowed, actions audited."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from edge.operators.attempts import MOST_AT_ACCOUNT
from edge.operators.project import Project
from tests.conftest import RunningStack
from tests.support.operators import Console, make_code, serve_operators

pytestmark = [pytest.mark.e2e]

_UPGRADE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
def console(stack: RunningStack, tmp_path: Path) -> Iterator[Console]:
    with serve_operators(stack, tmp_path) as found:
        yield found


def test_only_operators_sign_in(console: Console) -> None:
    _, stranger = console.create_user()
    _, operator = console.create_user(console="read")
    refused = console.sign_in(stranger)
    wrong = console.sign_in(operator, "another password")
    foreign = console.sign_in(operator, origin="http://evil.example")
    rebound = console.client.get("/console/sign-in", headers={"host": "evil.example"})
    let_in = console.sign_in(operator)

    assert (refused.status_code, wrong.status_code) == (401, 401)
    assert "no operator" in refused.text
    assert (foreign.status_code, rebound.status_code) == (403, 403)
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/console/")
    cookie = let_in.headers["set-cookie"]
    assert {"HttpOnly", "Path=/console", "SameSite=strict"} <= set(cookie.split("; "))


def test_who_has_an_authenticator_gives_its_code(console: Console) -> None:
    _, email = console.create_user(console="read")
    secret = console.add_authenticator(email)
    without = console.sign_in(email)
    wrong = console.sign_in(email, code="000000")
    code = make_code(secret)
    let_in = console.sign_in(email, code=f"{code[:3]} {code[3:]}")

    assert (without.status_code, wrong.status_code) == (401, 401)
    assert "Enter the code" in without.text
    assert "code is wrong" in wrong.text
    assert email in wrong.text
    assert let_in.status_code == 303, let_in.text


def test_an_account_is_guessed_at_a_few_times_only(console: Console) -> None:
    _, email = console.create_user(console="read")
    _, other = console.create_user(console="read")
    for number in range(MOST_AT_ACCOUNT):
        assert console.sign_in(email, f"guess {number}").status_code == 401
        assert console.sign_in(other).status_code == 303
    refused = console.sign_in(email.upper())

    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert "try again in 15 min" in refused.text


def test_sign_ins_that_auth_does_not_answer_are_no_guesses(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, email = console.create_user(console="read")
    with monkeypatch.context() as patch:
        patch.setattr(console.served.project, "url", "http://127.0.0.1:9")
        for _ in range(MOST_AT_ACCOUNT + 1):
            assert console.sign_in(email).status_code == 503

    assert console.sign_in(email).status_code == 303


def test_pages_are_shown_to_who_has_signed_in_until_they_sign_out(console: Console) -> None:
    console.client.cookies.clear()
    stranger = console.client.get("/console/")
    socket = console.client.get("/console/_nicegui_ws/socket.io/", headers=_UPGRADE)
    _, email = console.create_user(console="read")
    console.sign_in(email)
    home = console.client.get("/console/")
    out = console.client.post("/console/sign-out")
    after = console.client.get("/console/")

    assert (stranger.status_code, stranger.headers["location"]) == (303, "/console/sign-in")
    assert socket.status_code == 401
    assert home.status_code == 200, home.text
    assert email in home.text
    assert console.stack.service_role_key not in home.text
    assert (out.status_code, after.status_code) == (303, 303)


def test_operators_only_read_unless_they_may_write(console: Console) -> None:
    user_id, session = console.open("read")
    bucket = f"b{uuid4().hex[:12]}"
    body = {"id": bucket, "name": bucket}
    users = console.call(session, "GET", f"/users?q={session.operator.email}").json()["data"]
    assert [user["id"] for user in users] == [user_id]
    read = console.call(session, "GET", "/project/rest/v1/user_library?select=id&limit=1")
    listed = console.call(
        session, "POST", "/services/storage/object/list/avatars", json={"prefix": ""}
    )
    refused = [
        console.call(session, "POST", "/services/storage/bucket", json=body),
        console.call(session, "DELETE", "/project/rest/v1/user_library?id=not.is.null"),
        console.call(session, "GET", "/project/functions/v1/media-queue"),
        console.call(session, "POST", "/project/auth/v1/admin/users", json={}),
        console.call(session, "DELETE", "/services/storage/object/list/a.png"),
        console.call(session, "POST", "/services/storage/object/list/folder/a.png", content=b"a"),
    ]
    console.set_claim(user_id, "write")
    session.checked_at = float("-inf")
    done = console.call(session, "POST", "/services/storage/bucket", json=body)

    assert (read.status_code, listed.status_code) == (200, 200)
    assert {(each.status_code, each.json()["code"]) for each in refused} == {(403, "READ_ONLY")}
    assert done.status_code == 200, done.text
    assert console.call(session, "DELETE", f"/services/storage/bucket/{bucket}").is_success
    email = session.operator.email
    assert console.audited(session)[:3] == [
        (email, "delete", f"/storage/v1/bucket/{bucket}"),
        (email, "post", "/storage/v1/bucket"),
        (email, "sign_in", "console"),
    ]


def test_what_cannot_be_audited_is_not_done(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, session = console.open("write")
    bucket = f"b{uuid4().hex[:12]}"
    body = {"id": bucket, "name": bucket}

    async def fail(*_: object, **__: object) -> None:
        raise httpx.ConnectError("no audit")

    monkeypatch.setattr(Project, "record", fail)
    refused = console.call(session, "POST", "/services/storage/bucket", json=body)
    found = console.call(session, "GET", f"/services/storage/bucket/{bucket}")

    assert (refused.status_code, refused.json()["code"]) == (503, "AUDIT_UNAVAILABLE")
    assert found.is_error


def test_who_is_no_longer_an_operator_is_signed_out(console: Console) -> None:
    user_id, session = console.open("write")
    console.set_claim(user_id, None)
    before = console.call(session, "GET", "/status")
    session.checked_at = float("-inf")
    after = console.call(session, "GET", "/status")

    assert (before.status_code, after.status_code) == (200, 401)
    assert console.call(session, "GET", "/users").status_code == 401
    assert console.served.sessions.by_token(session.token) is None


@pytest.mark.parametrize(
    "path",
    [
        "/project/metrics",
        "/project/rest/v1/../../metrics",
        "/project/console/api/status",
        "/project/rest/v1/%2e%2e/%2E%2e/functions/v1/hello",
        "/services/storage/..%2f..%2fmetrics",
    ],
)
def test_nothing_but_the_projects_api_is_reached(console: Console, path: str) -> None:
    _, session = console.open("read")
    url = httpx.URL(f"{console.url}/console/api").copy_with(raw_path=f"/console/api{path}".encode())
    headers = {"authorization": f"Bearer {session.token}"}

    assert console.client.request("GET", url, headers=headers).status_code == 404
    assert console.client.get("/console/api/status").status_code == 401
