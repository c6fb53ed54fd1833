"""The fixtures of `pytest --edge`.

    def test_a_note_belongs_to_its_author(as_user, service):
        ann, bob = as_user("ann@example.com"), as_user("bob@example.com")
        ann.table("notes").insert({"text": "mine"}).execute()
        assert bob.table("notes").select("*").execute().data == []

One stack serves a whole session, of each worker of pytest-xdist its own; each test that uses
`project`, `as_user` or `service` begins with the database as migrations and seeds have made it.
"""

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, TypeVar

import bcrypt
import httpx
import psycopg
import pytest

from edge.errors import EdgeError
from edge.events import Event, LogLine
from edge.fresh_database import FreshDatabase
from edge.operating_system import memory_folder
from edge.project.environment import inherited_environment
from edge.project.layout import find_project
from edge.project.settings import Settings, load_settings

if TYPE_CHECKING:
    from supabase import Client

    from edge.stack import Stack

T = TypeVar("T")
_START_SECONDS: Final = 120.0
_NO_AUTHORITIES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts no authority: the stack speaks HTTP, and reading all of them takes 25 ms a client."""
PASSWORD: Final = "a test's password"  # noqa: S105
"""What users of `as_user` sign in with; its hash is the cheapest that bcrypt makes."""
_PASSWORD_HASH: Final = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


class _Loop:
    """An event loop in a thread, which the stack runs on."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass(frozen=True, slots=True)
class RunningStack:
    """The session's stack: its addresses, keys and events."""

    settings: Settings
    database: FreshDatabase
    events: list[Event] = field(default_factory=list[Event])
    control: httpx.Client = field(init=False)
    """A client with the secret key that lives as long as the stack."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "control", self.client())

    @property
    def url(self) -> str:
        return self.settings.api_url

    @property
    def db_url(self) -> str:
        return self.settings.db_url

    def client(self, key: str | None = None) -> httpx.Client:
        """Return an HTTP client that sends a key or a user's token; the secret key by default."""
        key = key or self.settings.secret_key
        headers = {"apikey": key, "authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=_NO_AUTHORITIES)

    def call(self, function: str, body: object = None, key: str | None = None) -> httpx.Response:
        """POST a JSON body to a function."""
        with self.client(key) as client:
            return client.post(f"/functions/v1/{function}", json=body)

    def fault(self, **fault: object) -> None:
        """Have an emulated provider misbehave until the test ends; see /providers/_faults."""
        self.control.post("/providers/_faults", json=fault).raise_for_status()

    def forget_faults(self) -> None:
        self.control.delete("/providers/_faults").raise_for_status()

    def printed(self) -> str:
        """Return all that functions have printed and logged in this session."""
        return "\n".join(event.text for event in self.events if isinstance(event, LogLine))


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[RunningStack]:
    """The stack of the project, on free ports, with its migrations and seeds applied."""
    given = request.config.getoption("--edge-workdir")
    root = Path(given) if given else find_project(request.config.rootpath)
    with TemporaryDirectory(prefix="edge-pytest-", dir=memory_folder()) as folder:
        yield from _run_stack(root, Path(folder))


def _run_stack(root: Path, state_dir: Path) -> Iterator[RunningStack]:
    from edge.stack import Stack

    environ = inherited_environment()
    settings = load_settings(root, port=0, db_port=0, state_dir=state_dir, environ=environ)
    empty = state_dir / "empty.env"
    empty.touch()
    settings = replace(  # a developer's real keys are not for tests
        settings, env_file=empty, secrets={}, config_secrets={}, shell_secrets={}
    )
    logging.getLogger("edge.emulator.rest.database").setLevel(logging.ERROR)  # it reconnects
    events: list[Event] = []
    stack = Stack(settings, events.append, reload=False, durable=False, scheduled=False)
    loop = _Loop()
    try:
        loop.run(stack.start())
        _require_schema(stack)
        database = FreshDatabase(stack.cluster)
        database.prepare()
        running = RunningStack(stack.settings, database, events)
        try:
            yield running
        finally:
            running.control.close()
            database.close()
    finally:
        loop.run(stack.close())
        loop.close()


def _require_schema(stack: "Stack") -> None:
    from edge.emulator.postgres.blockers import describe_blockers

    outcome = stack.schema
    if outcome and outcome.blockers:
        lines = describe_blockers(outcome.blockers, stack.settings.root)
        raise EdgeError("The database does not take all migrations and seeds:\n" + "\n".join(lines))


@dataclass(frozen=True, slots=True)
class Project:
    """The project with a database of this test's own."""

    stack: RunningStack

    @property
    def url(self) -> str:
        return self.stack.url

    @property
    def db_url(self) -> str:
        return self.stack.db_url

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run SQL as `postgres`, past the API; returns the rows."""
        with psycopg.connect(self.db_url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def connect(self, key: str) -> "Client":
        """Return a supabase-py client with this key."""
        from supabase import ClientOptions, create_client

        http = httpx.Client(timeout=60, follow_redirects=True, verify=_NO_AUTHORITIES)
        return create_client(self.url, key, ClientOptions(httpx_client=http))


@pytest.fixture
def project(stack: RunningStack) -> Iterator[Project]:
    """A fresh database behind the stack, and no faults of providers."""
    yield Project(stack)
    stack.forget_faults()
    stack.database.swap()


@pytest.fixture
def service(project: Project) -> "Client":
    """A supabase-py client with the service_role key."""
    return project.connect(project.stack.settings.service_role_key)


@pytest.fixture
def as_user(project: Project, service: "Client") -> "Callable[..., Client]":
    """Return a function that makes a user, and a supabase-py client that is signed in as them."""

    def sign_in(email: str, **metadata: Any) -> "Client":
        attributes: Any = {
            "email": email,
            "password_hash": _PASSWORD_HASH,
            "email_confirm": True,
            "user_metadata": metadata,
        }
        service.auth.admin.create_user(attributes)
        client = project.connect(project.stack.settings.anon_key)
        client.auth.sign_in_with_password({"email": email, "password": PASSWORD})
        return client

    return sign_in
