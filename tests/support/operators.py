"""The operators' console of a stack, which stands for the hosted project."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from edge.emulator.auth.totp import PERIOD, compute_code
from edge.gateway.upgrades import route_upgrades
from edge.operators.app import OperatorConsole
from edge.operators.project import Project
from edge.operators.sessions import Session
from edge.project.settings import load_settings
from edge.project.worker_environment import build_operator_environment
from tests.conftest import RunningStack
from tests.support.serving import HttpServer, LoopThread

PASSWORD = "correct horse battery"


@dataclass
class Console:
    """The console, its address, and a client without a browser."""

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

    def sign_in(
        self, email: str, password: str = PASSWORD, code: str = "", **headers: str
    ) -> httpx.Response:
        form = {"email": email, "password": password, "code": code}
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

    def add_authenticator(self, email: str) -> str:
        """Give a user an authenticator; returns its secret."""
        with httpx.Client(base_url=f"{self.stack.url}/auth/v1", timeout=60) as client:
            client.headers["apikey"] = self.stack.anon_key
            body = {"email": email, "password": PASSWORD}
            signed_in = client.post("/token?grant_type=password", json=body).raise_for_status()
            client.headers["authorization"] = f"Bearer {signed_in.json()['access_token']}"
            factor = client.post("/factors", json={"factor_type": "totp"}).raise_for_status().json()
            path, secret = f"/factors/{factor['id']}", str(factor["totp"]["secret"])
            challenge = client.post(f"{path}/challenge").raise_for_status().json()["id"]
            code = compute_code(secret, time.time())
            verify = {"challenge_id": challenge, "code": code}
            client.post(f"{path}/verify", json=verify).raise_for_status()
        return secret


def make_code(secret: str) -> str:
    """Return the next code, good already: the present one was used when it was added."""
    return compute_code(secret, time.time() + PERIOD)


@contextmanager
def serve_operators(stack: RunningStack, folder: Path) -> Generator[Console]:
    """Serve the console, as a project in `folder` without pages of its own."""
    variables = {
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "PATH": "/usr/bin:/bin",
    }
    settings = load_settings(folder, environ=variables)
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
    try:
        yield found
    finally:
        found.client.close()
        thread.run(served.close())
        thread.run(server.close())
        thread.close()
