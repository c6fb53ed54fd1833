"""Two zygotes: functions that import no library never wait for those that do."""

import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.events import ZygoteLost
from tests.support.functions_runtime import Functions, serve
from tests.support.process_tree import parent_of
from tests.support.waiting import wait_gone

pytestmark = [pytest.mark.process, pytest.mark.linux_only("elsewhere workers are not forked")]


def test_a_function_that_imports_a_library_is_forked_from_another_zygote(
    functions: Functions,
) -> None:
    with functions.client() as client:
        plain = client.get("/echo").json()["pid"]
        other = client.get("/uses-library").json()

    assert other["has_jwt"] is True
    assert parent_of(parent_of(other["pid"])) == parent_of(plain)


def test_a_lost_library_zygote_is_replaced_and_leaves_other_workers_alone(
    functions: Functions,
) -> None:
    with functions.client() as client:
        plain = client.get("/echo").json()["pid"]
        other = client.get("/uses-library").json()["pid"]
        os.kill(parent_of(other), signal.SIGKILL)
        wait_gone(other)
        after = client.get("/uses-library")

        assert after.json()["pid"] != other
        assert client.get("/echo").json()["pid"] == plain


def test_a_library_that_kills_the_zygote_harms_only_functions_that_import_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "packages/phonenumbers").mkdir(parents=True)
    (tmp_path / "packages/phonenumbers/__init__.py").write_text("import os\nos._exit(1)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    for name, text in (("plain", ""), ("broken", "import phonenumbers\n")):
        (tmp_path / "functions" / name).mkdir(parents=True)
        source = f'{text}async def main(request):\n    return "{name}"\n'
        (tmp_path / "functions" / name / "main.py").write_text(source)

    with contextmanager(serve)(tmp_path) as functions, functions.client() as client:
        functions.wait_for(lambda event: isinstance(event, ZygoteLost))
        answers = [client.get("/plain").text for _ in range(20)]
        time.sleep(2)
        lost = [event for event in functions.events if isinstance(event, ZygoteLost)]

    assert set(answers) == {"plain"}
    assert 2 <= len(lost) < 10  # restarted, with growing pauses
