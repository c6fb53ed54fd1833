"""`edge storage ls/cp/mv/rm` against the storage service."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from edge.project.lock import Lock
from tests.conftest import RunningStack
from tests.support.cli_command import Edge, Outcome, run_edge


@pytest.fixture
def bucket(stack: RunningStack) -> Iterator[str]:
    """Name a bucket, which a test may create."""
    name = f"cli-{uuid4().hex[:8]}"
    yield name
    with stack.client() as client:
        client.post(f"/storage/v1/bucket/{name}/empty")
        client.delete(f"/storage/v1/bucket/{name}")


@pytest.fixture
def storage(
    stack: RunningStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Edge]:
    """`edge storage` in a project whose stack runs, with two documents in the folder docs."""
    lock = Lock(tmp_path / ".edge" / "lock")
    lock.acquire()
    lock.write({"API_URL": stack.url, "SERVICE_ROLE_KEY": stack.service_role_key})
    (tmp_path / "docs" / "more").mkdir(parents=True)
    (tmp_path / "docs" / "a.md").write_text("# a")
    (tmp_path / "docs" / "more" / "b.bin").write_bytes(b"\0\1" * 400_000)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Outcome:
        return run_edge(monkeypatch, capsys, "storage", *arguments, "--workdir", str(tmp_path))

    yield run
    lock.release()


def lines(outcome: Outcome) -> list[str]:
    assert outcome.status == 0, outcome
    return sorted(outcome.out.split())


def test_a_folder_goes_up_comes_down_moves_and_is_removed(
    storage: Edge, bucket: str, tmp_path: Path
) -> None:
    assert storage("cp", "-r", "docs", f"ss:///{bucket}/docs", "-j", "3").status == 0
    assert f"{bucket}/" in lines(storage("ls"))
    assert lines(storage("ls", f"ss:///{bucket}/docs/")) == ["a.md", "more/"]
    assert lines(storage("ls", f"ss:///{bucket}/docs/a")) == ["a.md"]

    assert storage("cp", "-r", "docs", f"ss:///{bucket}/docs").status == 0
    all_keys = [f"/{bucket}/docs/{key}" for key in ("a.md", "docs/a.md", "docs/more/b.bin")]
    assert lines(storage("ls", "-r", f"ss:///{bucket}/docs/"))[:3] == all_keys

    assert storage("mv", "-r", f"ss:///{bucket}/docs/docs", f"ss:///{bucket}/www").status == 0
    assert storage("cp", "-r", f"ss:///{bucket}/www", "copy").status == 0
    assert (tmp_path / "copy/more/b.bin").read_bytes() == b"\0\1" * 400_000

    assert storage("rm", f"ss:///{bucket}/docs/").status == 2
    assert storage("rm", "--yes", f"ss:///{bucket}/docs/a.md").status == 0
    assert storage("rm", "--yes", "-r", f"ss:///{bucket}").status == 0
    assert f"{bucket}/" not in lines(storage("ls"))


def test_a_file_keeps_its_name_and_its_type(
    storage: Edge, stack: RunningStack, bucket: str, tmp_path: Path
) -> None:
    target = f"ss:///{bucket}/x? 1.html"
    (tmp_path / "index").write_text("<p>hi</p>")
    assert storage("cp", "-r", "docs/a.md", f"ss:///{bucket}/pages/").status == 0
    assert storage("cp", "docs/a.md", f"ss:///{bucket}/pages/a.md").status == 2
    assert storage("cp", "index", target, "--content-type", "text/html").status == 0
    with stack.client() as client:
        answer = client.get(f"/storage/v1/object/{bucket}/x%3F 1.html")
    assert answer.text == "<p>hi</p>"
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "max-age=3600"

    assert storage("cp", target, "docs").status == 0
    assert (tmp_path / "docs/x? 1.html").read_text() == "<p>hi</p>"
    assert "exists already" in storage("cp", target, "docs").err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ls", "http://bucket/"), "must match pattern ss:///bucket/[prefix]"),
        (("ls", "ss://bucket/"), "must match pattern"),
        (("cp", "a", "b"), "One of both must be"),
        (("cp", "ss:///a/b", "ss:///a/c"), "Copying between buckets is not supported"),
        (("cp", "docs", "ss:///a/c"), "There is no file docs"),
        (("cp", "ss:///no-such/a", "x"), "not found"),
        (("cp", "-r", "ss:///no-such/a", "x"), "Object not found"),
        (("mv", "ss:///a/b", "ss:///b/b"), "Moving between buckets is unsupported"),
        (("mv", "ss:///a", "ss:///a"), "You must specify an object path"),
        (("rm", "ss:///"), "You must specify a bucket to delete"),
        (("rm", "ss:///a"), "You must specify -r flag"),
        (("rm", "ss:///a/b"), "Add --yes"),
    ],
)
def test_what_cannot_be_done_is_said(
    storage: Edge, arguments: tuple[str, ...], message: str
) -> None:
    outcome = storage(*arguments)
    assert outcome.status == 2
    assert message in outcome.err
