"""README's chapter on isolation, sentence by sentence, on a whole stack started by root."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from edge.errors import EdgeError
from edge.project.settings import load_settings
from edge.runtime.launch.prctl import closed_folder
from edge.stack import Stack
from tests.support.made_database import give_database
from tests.support.process_tree import is_running
from tests.support.serving import LoopThread
from tests.support.waiting import PATIENCE

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root gives functions accounts"),
    pytest.mark.skipif(closed_folder(Path(sys.prefix)) is not None, reason="a private Python"),
]
PROBE = """
import os, psycopg, socket
from pathlib import Path

def attempt(action):
    try:
        return repr(action())[:2000]
    except Exception as exc:
        return f"{type(exc).__name__}: {exc}"

def ask(url, statement):
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()

def connect(path):
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect(path)

def main(request):
    body = request.get_json(silent=True) or {}
    url = os.environ["SUPABASE_DB_URL"]
    superuser = url.replace("postgres:postgres@", "supabase_admin:postgres@")
    return {
        "uid": os.getuid(),
        "mine": os.environ.get("MINE"),
        "read": {path: attempt(lambda: Path(path).read_text()) for path in body.get("read", [])},
        "list": {path: attempt(lambda: os.listdir(path)) for path in body.get("list", [])},
        "connect": {path: attempt(lambda: connect(path)) for path in body.get("connect", [])},
        "superuser": attempt(lambda: ask(superuser, "select 1")),
        "postgres": attempt(lambda: ask(url, "select current_user")),
        "server_file": attempt(lambda: ask(url, "select pg_read_file('/etc/hostname')")),
    }
"""


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A project of two functions, of which the first alone is given the secret."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        root = Path(folder)
        root.chmod(0o755)
        for name, settings in (("holder", 'secrets = ["MINE"]\n'), ("thief", "")):
            (root / "functions" / name).mkdir(parents=True)
            (root / "functions" / name / "main.py").write_text(PROBE)
            (root / "functions" / name / "function.toml").write_text(settings)
        for env_file in (root / "functions/.env", root / "functions/holder/.env"):
            env_file.write_text("MINE=treasure\n")
            env_file.chmod(0o600)
        yield root


@pytest.fixture(scope="module")
def stack(root: Path) -> Iterator[Stack]:
    """The project's stack under --isolate-users."""
    yield from start(root)


def start(root: Path, *, isolates: bool = True) -> Iterator[Stack]:
    settings = load_settings(root, port=0, db_port=0, environ={"PATH": os.environ["PATH"]})
    stack = Stack(
        replace(settings, isolate_users=isolates), lambda _: None, reload=False, durable=False
    )
    give_database(root)
    thread = LoopThread()
    try:
        thread.run(stack.start())
        yield stack
    finally:
        thread.run(stack.close())
        thread.close()


def call(stack: Stack, slug: str, **body: Any) -> dict[str, Any]:
    key = stack.settings.service_role_key
    url = f"{stack.settings.api_url}/functions/v1/{slug}"
    answer = httpx.post(
        url, json=body, headers={"authorization": f"Bearer {key}"}, timeout=PATIENCE
    )
    answer.raise_for_status()
    return answer.json()


@pytest.mark.linux_only("elsewhere the account itself has to be able to read all modules")
def test_each_function_has_a_process_an_account_and_an_environment_of_its_own(
    stack: Stack,
) -> None:
    holder, thief = call(stack, "holder"), call(stack, "thief")

    assert (holder["mine"], thief["mine"]) == ("treasure", None)
    assert len({0, holder["uid"], thief["uid"]}) == 3


@pytest.mark.linux_only("elsewhere workers are not forked")
def test_processes_that_functions_are_forked_from_never_held_a_secret(stack: Stack) -> None:
    call(stack, "holder")
    found = 0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # workers of other tests' stacks come and go
            if "edge.runtime.launch.zygote" in process.cmdline() and process.uids().real == 0:
                found += 1
                assert "treasure" not in process.environ().values()
    assert found


@pytest.mark.linux_only("it reads /proc")
def test_neither_siblings_nor_parents_can_be_read_through_proc(stack: Stack) -> None:
    call(stack, "holder")
    thief = call(stack, "thief")["uid"]
    others: list[int] = []
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # workers of other tests' stacks come and go
            if process.uids().real != thief:
                others.append(process.pid)
    names = ("environ", "maps")
    seen = call(
        stack,
        "thief",
        read=[f"/proc/{pid}/{name}" for pid in others for name in names],
        list=[f"/proc/{pid}/fd" for pid in others],
    )

    living = [f"/proc/{pid}/" for pid in others if is_running(pid)]
    every = {**seen["read"], **seen["list"]}
    answers = {path: every[path] for path in every if path.startswith(tuple(living))}
    assert len(living) > 3
    assert len(answers) == 3 * len(living)
    assert {answer.partition(":")[0] for answer in answers.values()} == {"PermissionError"}


@pytest.mark.linux_only("elsewhere the account itself has to be able to read all modules")
def test_files_and_sockets_that_lead_to_secrets_are_closed(root: Path, stack: Stack) -> None:
    call(stack, "holder")
    sockets = [str(path) for path in Path(tempfile.gettempdir()).glob(f"edge-fn-{os.getpid()}-*/*")]
    database = stack.cluster.socket_dir
    secret_files = ["functions/.env", "functions/holder/.env", ".edge/lock", ".edge/postgres/base"]
    seen = call(
        stack,
        "thief",
        read=[str(root / file) for file in secret_files],
        list=[str(root / ".edge/logs"), str(database)],
        connect=[*sockets, str(database / f".s.PGSQL.{stack.settings.db_port}")],
    )

    answers = {**seen["read"], **seen["list"], **seen["connect"]}
    assert len(answers) >= 8
    assert {answer.partition(":")[0] for answer in answers.values()} == {"PermissionError"}


@pytest.mark.linux_only("elsewhere the account itself has to be able to read all modules")
def test_the_database_opens_no_files_to_a_function(stack: Stack) -> None:
    seen = call(stack, "thief")

    assert "rejects connection" in seen["superuser"]
    assert seen["postgres"] == "[('postgres',)]"
    assert seen["server_file"].startswith("InsufficientPrivilege")


@pytest.fixture
def copy(root: Path) -> Iterator[Path]:
    """A copy of the project, which nobody serves."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        shutil.copytree(root / "functions", Path(folder, "functions"))
        yield Path(folder)


def test_env_files_that_others_can_read_are_refused(copy: Path) -> None:
    (copy / "functions/holder/.env").chmod(0o644)

    with pytest.raises(EdgeError, match=r"could read each other's secrets in .*holder/\.env"):
        next(start(copy))


def test_with_one_account_a_function_reads_files_that_we_can_read(copy: Path) -> None:
    for stack in start(copy, isolates=False):
        path = str(copy / "functions/.env")
        seen = call(stack, "thief", read=[path])
        assert "treasure" in seen["read"][path]
        assert seen["uid"] == 0  # as README says: these tests are run by root
