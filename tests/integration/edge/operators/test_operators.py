"""The console of a hosted project: operators only, read-only unless allowed, actions audited."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from edge.gateway.upgrades import route_upgrades
from edge.operators.app import OperatorConsole
from edge.operators.project import Project
from edge.operators.sessions import Session
from edge.project.settings import load_settings
from edge.project.worker_environment import build_operator_environment
from tests.conftest import RunningStack
from tests.support.serving import HttpServer, LoopThread

pytestmark = [pytest.mark.e2e]

PASSWORD = "correct horse battery"
_UPGRADE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@dataclass
class Console:
    """A console of the session's stack, which stands for the hosted project."""

    stack: RunningStack
    served: OperatorConsole
    url: str
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def create_user(self, **metadata: str) -> tuple[str, str]:
        """Create a user; returns the id and the address."""
        email = f"{uuid4().hex}@example.com"
        body = {
            "email": email,
            "password": PASSWORD,
            "email_confirm": True,
            "app_metadata": metadata,
        }
        with self.stack.client() as client:
            answer = client.post("/auth/v1/admin/users", json=body).raise_for_status()
        return str(answer.json()["id"]), email

    def set_claim(self, user_id: str, value: str | None) -> None:
        body = {"app_metadata": {"console": value}}
        with self.stack.client() as client:
            client.put(f"/auth/v1/admin/users/{user_id}", json=body).raise_for_status()

    def sign_in(self, email: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
        form = {"email": email, "password": password, "code": ""}
        return self.client.post("/console/sign-in", data=form, headers=headers)

    def open(self, role: str) -> tuple[str, Session]:
        """Sign in as a new operator; returns the user's id and the session."""
        user_id, email = self.create_user(console=role)
        answer = self.sign_in(email)
        assert answer.status_code == 303, answer.text
        cookie = f"edge_operator={answer.cookies['edge_operator']}".encode()
        session = self.served.sessions.by_cookie([(b"cookie", cookie)])
        assert session
        return user_id, session

    def call(self, session: Session, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {session.token}"}
        return self.client.request(method, f"/console/api{path}", headers=headers, **options)

    def audited(self, session: Session) -> list[tuple[str, str, str]]:
        rows = self.call(session, "GET", "/audit").json()["data"]
        return [(row["who"], row["action"], row["target"]) for row in rows]


@pytest.fixture
def console(stack: RunningStack, tmp_path: Path) -> Iterator[Console]:
    variables = {
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "PATH": "/usr/bin:/bin",
    }
    settings = load_settings(tmp_path, environ=variables)
    address = ""
    thread = LoopThread()
    project = Project(stack.url, stack.anon_key, stack.service_role_key)
    served = OperatorConsole(
        project,
        lambda token: build_operator_environment(settings, token, address),
        lambda _: None,
    )

    async def create() -> HttpServer:
        upgrades = route_upgrades({"/console": served.open_socket}, lambda: None)
        server = HttpServer(served, ws=upgrades)
        await server.start()
        return server

    server = thread.run(create())
    address = server.url
    found = Console(stack, served, address)
    yield found
    found.client.close()
    thread.run(served.close())
    thread.run(server.close())
    thread.close()


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
