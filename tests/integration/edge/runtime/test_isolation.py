"""One function cannot reach another's secrets, as far as its account allows; how workers start."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.runtime.launch.prctl import closed_folder
from tests.support.functions_runtime import Functions, serve

pytestmark = pytest.mark.process
HERE = Path(__file__).parent
THIEF = """
import os
from pathlib import Path

def main(request):
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        for name in ("environ", "mem", "maps", "fd"):
            try:
                if name == "fd":
                    seen = list((process / name).iterdir())
                else:
                    with open(process / name, "rb") as file:
                        seen = file.read(1)
                if seen:
                    found.append([int(process.name), name])
            except OSError:
                pass
    return {"uid": os.getuid(), "environ": dict(os.environ), "readable": found, "pid": os.getpid()}
"""


@pytest.fixture(scope="module")
def isolated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    """Two functions, each under an account of its own."""
    if os.geteuid() != 0:
        pytest.skip("Only root can give workers accounts of their own")
    if closed := closed_folder(Path(sys.prefix)):
        pytest.skip(f"Other accounts may not enter {closed}, where Python's modules are")
    root = tmp_path_factory.mktemp("isolated")
    for folder in (root, *root.parents):
        if folder.stat().st_uid == os.geteuid() and str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    for name in ("holder", "thief"):
        (root / "functions" / name).mkdir(parents=True)
    (root / "functions/thief/main.py").write_text(THIEF)
    (root / "functions/holder/main.py").write_text(THIEF)
    (root / "functions/holder/function.toml").write_text('secrets = ["WANTED"]\n')
    yield from serve(root, isolates_users=True)


@pytest.mark.linux_only("it reads /proc")
def test_with_accounts_of_their_own_siblings_and_parents_are_closed(isolated: Functions) -> None:
    with isolated.client() as client:
        holder = client.get("/holder").json()
        thief = client.get("/thief").json()

    assert holder["environ"]["WANTED"] == "for reads_env"
    assert "WANTED" not in thief["environ"]
    assert holder["uid"] != thief["uid"]
    assert 0 not in (holder["uid"], thief["uid"])
    assert thief["readable"] == []


@pytest.fixture(scope="module")
def started() -> Iterator[Functions]:
    """This folder's functions, their workers started from nothing."""
    yield from serve(HERE, forks=False, reload=False)


def test_without_fork_a_worker_behaves_the_same(started: Functions) -> None:
    with started.client() as client:
        echo = client.post("/echo?a=1", content=b"x").json()
        failed = client.get("/boot-error")
        died = client.post("/crash", content=b"die")
        after = client.post("/crash", content=b"live")
        seen = client.get("/reads-env").json()

    assert (echo["method"], echo["query"], echo["body"]) == ("POST", "a=1", "x")
    assert (failed.status_code, failed.json()["code"]) == (503, "BOOT_ERROR")
    assert (died.status_code, died.json()["code"]) == (500, "WORKER_ERROR")
    assert after.status_code == 200
    assert seen["environ"]["WANTED"] == "for reads_env"
    assert "OTHER" not in seen["environ"]


def test_without_fork_limits_hold(started: Functions) -> None:
    with started.client() as client:
        answer = client.get("/hog?mb=400&sleep=5")

    assert (answer.status_code, answer.json()["code"]) == (546, "WORKER_RESOURCE_LIMIT")
