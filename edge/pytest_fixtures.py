"""The fixtures of `pytest --edge`.

    def test_a_note_belongs_to_its_author(as_user, service):
        ann, bob = as_user("ann@example.com"), as_user("bob@example.com")
        ann.table("notes").insert({"text": "mine"}).execute()
        assert bob.table("notes").select("*").execute().data == []

One stack serves a whole session, of each worker of pytest-xdist its own; each test that uses
`project`, `as_user` or `service` begins with the database as migrations and seeds have made it.
A project whose tests need other settings overrides `edge_settings`.
"""

import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import bcrypt
import httpx
import psycopg
import pytest

from edge.errors import EdgeError
from edge.fresh_database import FreshDatabase
from edge.operating_system import memory_folder
from edge.project.environment import inherited_environment
from edge.project.layout import find_project
from edge.project.settings import Settings, load_settings
from edge.running_stack import NO_AUTHORITIES, RunningStack, open_control, run_stack

if TYPE_CHECKING:
    from supabase import Client

AsUser = Callable[..., "Client"]
"""From an e-mail address and the user's metadata."""
PASSWORD: Final = "a test's password"  # noqa: S105
"""What users of `as_user` sign in with; its hash is the cheapest that bcrypt makes."""
_PASSWORD_HASH: Final = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


@pytest.hookimpl
def pytest_runtest_teardown(item: pytest.Item) -> None:
    """Remember that a test has used the stack without having its database replaced afterwards."""
    values: dict[str, Any] = getattr(item, "funcargs", {})
    if "project" not in values:
        for value in values.values():
            if isinstance(value, RunningStack):
                value.database.is_fresh = False


@contextmanager
def _failing_briefly() -> Generator[None]:
    """Have what can be mended in the project shown as it is, without our own code."""
    try:
        yield
    except EdgeError as exc:
        pytest.fail(str(exc), pytrace=False)


@pytest.fixture(scope="session")
def edge_settings(request: pytest.FixtureRequest) -> Iterator[Settings]:
    """The settings of the session's stack: free ports, and none of a developer's real keys."""
    given = request.config.getoption("--edge-workdir")
    root = Path(given) if given else find_project(request.config.rootpath)
    environ = inherited_environment()
    with TemporaryDirectory(prefix="edge-pytest-", dir=memory_folder()) as folder:
        state_dir = Path(folder)
        with _failing_briefly():
            settings = load_settings(root, port=0, db_port=0, state_dir=state_dir, environ=environ)
        empty = state_dir / "empty.env"
        empty.touch()
        yield replace(settings, env_file=empty, secrets={}, config_secrets={}, shell_secrets={})


@pytest.fixture(scope="session")
def stack(edge_settings: Settings) -> Iterator[RunningStack]:
    """The stack of the project, on free ports, with its migrations and seeds applied."""
    logging.getLogger("edge.emulator.rest.database").setLevel(logging.ERROR)  # it reconnects
    with _failing_briefly(), run_stack(edge_settings) as (stack, events):
        database = FreshDatabase(stack.cluster)
        database.prepare()
        try:
            with open_control(stack.settings) as control:
                yield RunningStack(stack.settings, database, control, events)
        finally:
            database.close()


@dataclass(frozen=True, slots=True)
class Project:
    """The project with a database of this test's own; `exits` closes what it opens."""

    stack: RunningStack
    exits: ExitStack

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

        http = httpx.Client(timeout=60, follow_redirects=True, verify=NO_AUTHORITIES)
        self.exits.enter_context(http)
        options = ClientOptions(httpx_client=http, auto_refresh_token=False)  # by a timer's thread
        return create_client(self.url, key, options)


@pytest.fixture
def project(stack: RunningStack) -> Iterator[Project]:
    """A fresh database behind the stack, and no faults of providers."""
    if not stack.database.is_fresh:
        stack.database.swap()
    with ExitStack() as exits:
        yield Project(stack, exits)
    stack.forget_faults()
    stack.database.swap()


@pytest.fixture
def service(project: Project) -> "Client":
    """A supabase-py client with the service_role key."""
    return project.connect(project.stack.service_role_key)


@pytest.fixture
def as_user(project: Project, service: "Client") -> "AsUser":
    """Return a function that makes a user, and a supabase-py client that is signed in as them."""

    def sign_in(email: str, **metadata: Any) -> "Client":
        attributes: Any = {
            "email": email,
            "password_hash": _PASSWORD_HASH,
            "email_confirm": True,
            "user_metadata": metadata,
        }
        service.auth.admin.create_user(attributes)
        client = project.connect(project.stack.anon_key)
        client.auth.sign_in_with_password({"email": email, "password": PASSWORD})
        return client

    return sign_in
