"""Saving a file: the next request runs the new code."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.functions_runtime import Functions

pytestmark = pytest.mark.process

CODE = "from shared.word import WORD\nasync def main(request):\n    return WORD + {mark!r}\n"


def eventually(ask: Callable[[], object], wanted: object, deadline: float = 10) -> None:
    end = time.monotonic() + deadline
    while (seen := ask()) != wanted:
        assert time.monotonic() < end, seen
        time.sleep(0.01)


def test_new_code_broken_code_and_its_fix_are_each_served(scratch: Functions) -> None:
    folder = scratch.app.config.root / "functions" / "greet"
    word = scratch.app.config.root / "shared" / "word.py"
    (word.parent / "__init__.py").touch()
    word.write_text("WORD = 'hello '\n")
    folder.mkdir()
    (folder / "main.py").write_text(CODE.format(mark="one"))

    with scratch.client() as client:

        def ask() -> tuple[int, str]:
            answer = client.get("/greet")
            return answer.status_code, answer.text if answer.is_success else answer.json()["code"]

        eventually(ask, (200, "hello one"))
        (folder / "main.py").write_text(CODE.format(mark="two"))
        eventually(ask, (200, "hello two"))
        word.write_text("WORD = 'good day '\n")
        eventually(ask, (200, "good day two"))
        (folder / "main.py").write_text("async def main(request:\n")
        eventually(ask, (503, "BOOT_ERROR"))
        (folder / "main.py").write_text(CODE.format(mark="three"))
        eventually(ask, (200, "good day three"))
        (folder / "function.toml").write_text("verify_jwt = 'perhaps'\n")
        eventually(ask, (503, "BOOT_ERROR"))
        (folder / "function.toml").write_text("verify_jwt = true\n")
        eventually(ask, (200, "good day three"))


def test_a_hung_import_is_healed_by_the_fix(scratch: Functions) -> None:
    folder = scratch.app.config.root / "functions" / "hangs"
    folder.mkdir()
    (folder / "main.py").write_text("import time\ntime.sleep(1000)\n")

    with scratch.client() as client, ThreadPoolExecutor(1) as thread:
        eventually(lambda: "hangs" in scratch.app.functions, True)
        waiting = thread.submit(client.get, "/hangs")
        time.sleep(0.5)
        (folder / "main.py").write_text("async def main(request):\n    return 'healed'\n")
        answer = waiting.result()

    assert (answer.status_code, answer.text) == (200, "healed")


def test_a_worker_killed_while_it_boots_is_no_boot_error(scratch: Functions) -> None:
    folder = scratch.app.config.root / "functions" / "killed"
    folder.mkdir()
    (folder / "main.py").write_text(
        "import os, signal\n"
        "marker = __file__ + '.once'\n"
        "if not os.path.exists(marker):\n"
        "    open(marker, 'w').close()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "async def main(request):\n"
        "    return 'alive'\n"
    )

    with scratch.client() as client:
        eventually(lambda: "killed" in scratch.app.functions, True)
        answer = client.get("/killed")

    assert (answer.status_code, answer.text) == (200, "alive")


def test_a_function_behind_a_symbolic_link_is_followed(scratch: Functions, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.mkdir()
    (real / "main.py").write_text("async def main(request):\n    return 'one'\n")
    (scratch.app.config.root / "functions" / "linked").symlink_to(real)

    with scratch.client() as client:
        eventually(lambda: client.get("/linked").text, "one")
        (real / "main.py").write_text("async def main(request):\n    return 'two'\n")
        eventually(lambda: client.get("/linked").text, "two")
