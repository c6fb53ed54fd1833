"""The session's database server and its template, a clone for each test, and the whole stack."""

import fcntl
import gc
import os
import shutil
import signal
import sys
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import httpx
import hypothesis
import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap, find_migrations, migrate
from edge.fresh_database import DatabaseCopies, FreshDatabase
from edge.operating_system import IS_LINUX, memory_folder
from edge.project.settings import Settings, load_settings
from edge.running_stack import RunningStack as ClientOfStack
from edge.running_stack import open_control, run_stack
from edge.tokens import mint
from tests.support.made_database import give_database
from tests.support.memory_folders import folder_in_memory
from tests.support.order import order, rotate
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).parents[1]
Copies = Callable[[str], DatabaseCopies]
PLATFORM_TEMPLATE = "edge_platform"
PROJECT_TEMPLATE = "edge_project"
_SWAPPING = {"as_user", "project", "service"}
"""Fixtures of `pytest --edge` that replace the stack's database after a test."""
_ROOM_FOR_DATABASES = 4 << 30

# No request goes over TLS here, and httpx reads all authorities for each client, for 25 ms.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)

# Else a client without a timeout of its own gives up after 5 s; a busy machine stands still for 30.
for _phase in ("connect", "read", "write", "pool"):
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, _phase, PATIENCE)

# Else each worker and each process that a test starts compiles all modules again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Tests measure no times: on a busy machine an example takes what it takes.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")

# Collecting makes a million objects that stay: to look at them again and again takes seconds.
gc.disable()

# Started in the background by a shell, we ignore SIGINT, and so would every program we start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what tests/conformance reads: a project to ask in place of our own services."""
    group = parser.getgroup("conformance")
    group.addoption("--target", metavar="URL", help="a Supabase project with an empty database")
    group.addoption("--target-db", metavar="DSN", help="its database, as the role postgres")
    group.addoption("--target-jwt-secret", metavar="SECRET", help="its legacy JWT secret")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let each process begin to collect elsewhere: what one has compiled the others only load."""
    tests, worker = ROOT / "tests", getattr(session.config, "workerinput", None)
    if worker and [ROOT / path for path in session.config.args] == [tests]:
        number = int(worker["workerid"].removeprefix("gw"))
        session.config.args = rotate(tests, number, worker["workercount"])


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what tests Linux itself, where another way is taken; `-ra` lists it."""
    if not IS_LINUX and (mark := item.get_closest_marker("linux_only")):
        pytest.skip(f"only Linux: {mark.args[0]}")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None]:
    if (processes := getattr(config, "workerinput", {}).get("workercount", 1)) == 1:
        yield
        return
    # Hypothesis parses all sources for constants here, and keeps them: one process does, at first.
    with (ROOT / "tests/conftest.py").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    items.sort(key=lambda item: item.path)  # stable
    items[:] = order(items, processes)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def in_memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for databases, which come and go by the thousand: as files, of which ext4 looks at
    each that was deleted lately before it makes another."""
    memory = memory_folder()
    if memory is None or shutil.disk_usage(memory).free < _ROOM_FOR_DATABASES:
        yield tmp_path_factory.mktemp("databases")
        return
    with folder_in_memory(memory) as folder:
        yield folder


@pytest.fixture(scope="session")
def cluster(in_memory: Path) -> Iterator[Cluster]:
    """A running server with a template database of the platform's schemas, as of a new project."""
    server = Cluster(in_memory / "cluster", durable=False)
    server.start()
    try:
        bootstrap(server.create_database(PLATFORM_TEMPLATE))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def project_template(cluster: Cluster) -> str:
    """The name of a template database with this project's whole schema."""
    cluster.create_database(PROJECT_TEMPLATE, template=PLATFORM_TEMPLATE)
    migrate(
        cluster.dsn(PROJECT_TEMPLATE, user="postgres"),
        find_migrations(ROOT / "supabase/migrations"),
    )
    return PROJECT_TEMPLATE


@pytest.fixture(scope="session")
def copies(cluster: Cluster) -> Iterator[Copies]:
    """Copies of each template that is asked for, made ahead as `pytest --edge` does."""
    made: dict[str, DatabaseCopies] = {}

    def copies_of(template: str) -> DatabaseCopies:
        if template not in made:
            made[template] = DatabaseCopies(cluster, template, "postgres")
        return made[template]

    yield copies_of
    for each in made.values():
        each.close()


@pytest.fixture
def database(copies: Copies, project_template: str) -> Iterator[str]:
    """The name of a database of this test's own, with the project's schema and no rows.

    The platform's own tests override it: theirs has no schema of a project, and is copied sooner.
    """
    yield from clone_database(copies(project_template))


def clone_database(copies: DatabaseCopies) -> Iterator[str]:
    """Yield the name of a copy, and discard it afterwards."""
    name = copies.take()
    yield name
    copies.discard(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStack(ClientOfStack):
    """What a test needs to be a client of the whole stack; `dsn` is its superuser's."""

    dsn: str
    console_token: str = ""

    @property
    def jwt_secret(self) -> str:
        return self.settings.jwt_secret

    @property
    def cluster(self) -> Cluster:
        return self.database.cluster

    def client(self, key: str | None = None) -> httpx.Client:
        """An HTTP client with a key or a user's token, the service_role key by default."""
        key = key or self.service_role_key
        headers = {"apikey": key, "authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE)

    @property
    def control_headers(self) -> dict[str, str]:
        """The headers for controls of the stack, such as /providers/_faults."""
        return {"apikey": self.secret_key}

    def create_user(self) -> tuple[str, str]:
        """A new user's id and access token."""
        user_id = str(uuid4())
        with psycopg.connect(self.dsn) as connection:
            connection.execute(
                "insert into auth.users (id, email, created_at) values (%s, %s, now())",
                (user_id, f"{user_id}@example.com"),
            )
        claims = {"sub": user_id, "aud": "authenticated"}
        return user_id, mint(self.jwt_secret, "authenticated", **claims)


@pytest.fixture(scope="session")
def edge_settings(in_memory: Path) -> Settings:
    """Those of `pytest --edge`, with a database that is made already."""
    settings = load_settings(
        ROOT,
        port=0,
        db_port=0,
        state_dir=in_memory / "stack",
        environ={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
    )
    give_database(ROOT, settings.state_dir)
    return replace(
        settings,
        secrets={},  # a developer's real keys are not for tests
        extensions=replace(settings.extensions, processes=()),  # workers would take tests' jobs
    )


@pytest.fixture(scope="session")
def _stack(request: pytest.FixtureRequest, edge_settings: Settings) -> Iterator[RunningStack]:
    with (
        run_stack(edge_settings) as (stack, events),
        open_control(stack.settings) as control,
    ):
        database = FreshDatabase(stack.cluster)
        if is_swapped := any(_SWAPPING & set(_fixtures(item)) for item in request.session.items):
            database.prepare()
        try:
            yield RunningStack(
                settings=stack.settings,
                database=database,
                control=control,
                events=events,
                dsn=stack.cluster.dsn(),
                console_token=stack.console.token,
            )
        finally:
            if is_swapped:
                database.close()


def _fixtures(item: pytest.Item) -> Collection[str]:
    return getattr(item, "fixturenames", ())


@pytest.fixture
def stack(_stack: RunningStack) -> Iterator[RunningStack]:
    """The whole stack, its local providers well-behaved at first; shared by the session's tests.

    With `project`, `service` or `as_user` of `pytest --edge` a test has its database for itself.
    """
    _stack.forget_faults()
    yield _stack
    _stack.forget_faults()
