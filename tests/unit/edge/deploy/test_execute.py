"""Steps in order, functions beside each other, and what a failure leaves undone.

The programs are recording stand-ins.
"""

import signal
import threading
from pathlib import Path

import pytest

from edge.deploy.atomic_folder import replace_folder
from edge.deploy.execute import Outcome, execute, perform
from edge.deploy.plan import Change
from edge.deploy.programs import GCLOUD, call
from edge.deploy.steps import SECRET, Run, Write
from edge.errors import DeployError
from tests.support.recorded_programs import RecordedPrograms
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedPrograms:
    recorded = RecordedPrograms(tmp_path / "programs").install("gcloud")
    monkeypatch.setenv("PATH", str(recorded.path))
    return recorded


def change(slug: str, *steps: Run | Write) -> Change:
    return Change(slug, slug, "create", steps)


def run(*argv: str) -> Run:
    return Run(("gcloud", *argv), "do it")


def results(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.change.slug: outcome.result for outcome in outcomes}


def test_after_a_failure_the_rest_is_not_tried_and_the_program_s_words_are_told(
    programs: RecordedPrograms, tmp_path: Path
) -> None:
    programs.answer("two", stderr="checking …\nERROR: permission denied\n", status=1)
    folder = tmp_path / "made"
    changes = [
        change("first", Write(folder, {"a": b""}, "write"), run("one"), run("one", "more")),
        change("same"),
        change("second", run("two"), run("never")),
        change("third", run("three")),
    ]

    outcomes = execute(changes, 1, lambda *_: None)

    assert results(outcomes) == {
        "first": "deployed",
        "same": "skipped",
        "second": "failed",
        "third": "not tried",
    }
    assert "ERROR: permission denied" in outcomes[2].message
    assert [call.argv[1:] for call in programs.calls()] == [["one"], ["one", "more"], ["two"]]
    assert (folder / "a").is_file()


def test_what_is_under_way_beside_a_failure_is_finished(programs: RecordedPrograms) -> None:
    programs.answer("bad", status=1)
    changes = [change("good", run("slow"), run("end")), change("bad", run("bad"))]

    assert results(execute(changes, 2, lambda *_: None)) == {"good": "deployed", "bad": "failed"}


def test_after_ctrl_c_what_runs_is_finished_and_what_is_left_is_told(
    programs: RecordedPrograms, tmp_path: Path
) -> None:
    folder = tmp_path / "made"
    changes = [
        change("first", Write(folder, {}, "write"), run("one")),
        change("second", run("two")),
    ]

    noticed = threading.Event()

    def stop(*_: object) -> None:
        noticed.set()
        raise KeyboardInterrupt

    def interrupt(_: Change, why: str) -> None:
        if why == "write":
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            assert noticed.wait(PATIENCE)

    before = signal.signal(signal.SIGINT, stop)
    try:
        outcomes = execute(changes, 1, interrupt)
    finally:
        signal.signal(signal.SIGINT, before)

    assert results(outcomes) == {"first": "deployed", "second": "not tried"}
    assert [call.argv for call in programs.calls()] == [["gcloud", "one"]]


def test_a_secret_is_read_when_it_is_needed_and_goes_in_through_standard_input(
    programs: RecordedPrograms,
) -> None:
    programs.answer("access", "s3cret\n")

    perform(Run(("gcloud", "use"), "use it", f"key: {SECRET}", secret=("gcloud", "access")))

    assert programs.calls("use")[0].stdin == "key: s3cret"
    assert not any("s3cret" in word for call in programs.calls() for word in call.argv)


def test_a_program_that_is_missing_is_told_with_where_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(DeployError, match=r"cloud\.google\.com/sdk"):
        GCLOUD.require()
    with pytest.raises(DeployError, match="not on PATH"):
        call(["gcloud"])


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "folder"

    replace_folder(folder, {"old/one": b"1", "two": b"2"})
    replace_folder(folder, {"new": b"3"})

    assert [path.name for path in folder.iterdir()] == ["new"]
    assert [path.name for path in folder.parent.iterdir()] == ["folder"]


def test_a_folder_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    replace_folder(folder, {"old": b"1"})

    with pytest.raises(OSError, match="File exists"):
        replace_folder(folder, {"a": b"", "a/b": b""})

    assert [path.name for path in folder.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
