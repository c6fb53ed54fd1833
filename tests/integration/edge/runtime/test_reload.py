"""Saving a file: the next request runs the new code."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path

import pytest

from edge.runtime.watch import watch
from tests.support.functions_runtime import Functions
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process

CODE = "from shared.word import WORD\nasync def main(request):\n    return WORD + {mark!r}\n"


def eventually(ask: Callable[[], object], wanted: object, deadline: float = PATIENCE) -> None:
    end = time.monotonic() + deadline
    while (seen := ask()) != wanted:
        assert time.monotonic() < end, seen
        time.sleep(0.01)


def test_new_code_broken_code_and_its_fix_are_each_served(scratch: Functions) -> None:
    folder = scratch.app.config.root / "functions" / "greet"
    word = scratch.app.config.root / "shared" / "word.py"
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


@pytest.mark.parametrize("is_linked", [False, True])
async def test_what_changed_before_the_watcher_was_set_up_is_reported(
    tmp_path: Path, *, is_linked: bool
) -> None:
    (tmp_path / "functions").mkdir()
    since = time.time_ns()
    folder = tmp_path / "functions" / "late"
    if is_linked:
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.mkdir()
    (folder / "main.py").write_text("def main(request): ...\n")

    async with aclosing(watch(tmp_path, since)) as batches:
        changes = await anext(batches)

    assert Path("functions/late/main.py") in {change.path for change in changes}


async def test_what_was_there_before_is_not_reported(tmp_path: Path) -> None:
    folder = tmp_path / "functions" / "old"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text("def main(request): ...\n")

    async with aclosing(watch(tmp_path, time.time_ns() + 10**9)) as batches:
        assert await anext(batches) == []


def test_a_function_behind_a_symbolic_link_is_followed(scratch: Functions, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere"
    real.mkdir()
    (real / "main.py").write_text("async def main(request):\n    return 'one'\n")
    (scratch.app.config.root / "functions" / "linked").symlink_to(real)

    with scratch.client() as client:
        eventually(lambda: client.get("/linked").text, "one")
        (real / "main.py").write_text("async def main(request):\n    return 'two'\n")
        eventually(lambda: client.get("/linked").text, "two")


WRITES = """
import json, os, pathlib, sqlite3
state = pathlib.Path("state.json")
before = state.read_text() if state.exists() else ""
missing = os.path.exists("seen.txt") or open("seen.txt", "w")
def main(request):
    with open("out.json", "a") as out:
        json.dump({"n": 1}, out)
    pathlib.Path("gen.py").write_text("A = 1")
    pathlib.Path("made").mkdir(exist_ok=True)
    pathlib.Path("made/one.txt").write_text(pathlib.Path("out.json").read_text())
    pathlib.Path("new.json").write_text("{}")
    os.replace("new.json", state)
    with sqlite3.connect("cache.db") as cache:
        cache.execute("create table if not exists t (a)")
    return str(os.getpid())
"""


class Project:
    """The project that a test writes into, and its functions' answers."""

    def __init__(self, functions: Functions, name: str, **files: str) -> None:
        self.folder = functions.app.config.root / "functions" / name
        self.folder.mkdir()
        for file, text in files.items():
            (self.folder / file.replace("_", ".")).write_text(text)
        self._functions = functions
        eventually(lambda: name in functions.app.functions, True)

    def ask(self) -> str:
        return self._get(self.folder.name)

    def _get(self, name: str) -> str:
        with self._functions.client() as client:
            return client.get(f"/{name}").text

    def settle(self) -> None:
        """Wait until the changes so far have been looked at: those of a sibling come after them."""
        sibling = self.folder.parent / f"{self.folder.name}-sibling" / "main.py"
        sibling.parent.mkdir()
        for mark in ("one", "two"):
            sibling.write_text(f"async def main(request):\n    return {mark!r}\n")
            eventually(lambda: self._get(sibling.parent.name), mark)


def test_a_function_that_writes_into_its_folder_does_not_reload_itself(scratch: Functions) -> None:
    project = Project(scratch, "writes", main_py=WRITES, state_json="{}")

    pid = project.ask()
    project.ask()
    project.settle()
    assert project.ask() == pid

    (project.folder / "main.py").write_text(WRITES.replace("str(os.getpid())", "'edited'"))
    eventually(project.ask, "edited")


def test_a_prompt_that_was_read_and_a_module_that_was_imported_late_reload(
    scratch: Functions,
) -> None:
    project = Project(
        scratch,
        "reads",
        main_py="PROMPT = open('prompt.txt').read()\n"
        "async def main(request):\n    import late\n    return PROMPT + late.WORD\n",
        prompt_txt="be brief ",
        late_py="WORD = 'one'",
    )
    assert project.ask() == "be brief one"

    (project.folder / "late.py").write_text("WORD = 'two!'")
    eventually(project.ask, "be brief two!")
    (project.folder / "prompt.txt").write_text("be long ")
    eventually(project.ask, "be long two!")


def test_a_module_that_an_import_was_waiting_for_reloads(scratch: Functions) -> None:
    code = "try:\n    from extras.words import WORD\nexcept ImportError:\n    WORD = 'none'\n"
    project = Project(
        scratch, "optional", main_py=code + "async def main(request):\n    return WORD\n"
    )
    assert project.ask() == "none"

    (project.folder / "extras").mkdir()
    (project.folder / "extras" / "words.py").write_text("WORD = 'some'")
    eventually(project.ask, "some")


def test_a_failed_import_is_healed_by_the_new_file(scratch: Functions) -> None:
    project = Project(
        scratch, "waits", main_py="import part\nasync def main(request):\n    return part.WORD\n"
    )
    assert "BOOT_ERROR" in project.ask()

    (project.folder / "part.py").write_text("WORD = 'healed'")
    eventually(project.ask, "healed")


def test_a_shared_module_reloads_those_that_import_it_only(scratch: Functions) -> None:
    shared = scratch.app.config.root / "shared"
    (shared / "colour.py").write_text("COLOUR = 'red'")
    code = "import os\nasync def main(request):\n    return str(os.getpid())\n"
    alone = Project(scratch, "alone", main_py=code)
    user = Project(
        scratch,
        "colours",
        main_py="from shared.colour import COLOUR\nasync def main(request):\n    return COLOUR\n",
    )
    pid = alone.ask()
    assert user.ask() == "red"

    (shared / "colour.py").write_text("COLOUR = 'green'")
    eventually(user.ask, "green")
    assert alone.ask() == pid
