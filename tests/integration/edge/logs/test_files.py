"""The files: rotation, crashes, disks that refuse, folders that vanish."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from edge.logs.files import RotatingFile, list_files


def content(folder: Path) -> list[bytes]:
    return b"".join(path.read_bytes() for path in list_files(folder).values()).splitlines()


def test_a_full_file_is_followed_by_the_next_and_old_ones_go(folder: Path) -> None:
    file = RotatingFile(folder, max_bytes=100, keep=3)
    for number in range(100):
        file.append([b"%09d" % number])
    file.close()

    assert list(list_files(folder)) == [8, 9, 10]
    assert content(folder) == [b"%09d" % number for number in range(70, 100)]


def test_a_batch_larger_than_a_file_is_not_torn(folder: Path) -> None:
    file = RotatingFile(folder, max_bytes=10)
    file.append([b"a" * 50, b"b"])
    file.append([b"c"])
    file.close()

    assert len(list_files(folder)) == 2
    assert content(folder) == [b"a" * 50, b"b", b"c"]


def test_the_next_run_appends_to_the_newest_file(folder: Path) -> None:
    for line in (b"one", b"two"):
        file = RotatingFile(folder)
        file.append([line])
        file.close()

    assert list(list_files(folder)) == [1]
    assert content(folder) == [b"one", b"two"]


def test_a_line_that_a_crash_cut_is_not_glued_to_the_next(folder: Path) -> None:
    folder.mkdir()
    (folder / "functions-00000003.jsonl").write_bytes(b"whole\nto")
    file = RotatingFile(folder)
    file.append([b"next"])
    file.close()

    assert content(folder) == [b"whole", b"to", b"next"]


def test_a_folder_that_was_removed_is_made_again(folder: Path) -> None:
    file = RotatingFile(folder)
    file.append([b"lost"])
    shutil.rmtree(folder)
    file.append([b"kept"])
    file.close()

    assert content(folder) == [b"kept"]


def test_only_the_owner_may_read_it(folder: Path) -> None:
    file = RotatingFile(folder)
    file.append([b"a secret"])
    file.close()

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]
    assert modes == [0o700, 0o600]


def test_other_files_in_the_folder_are_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / "notes.jsonl").write_text("mine")
    file = RotatingFile(folder, max_bytes=5, keep=1)
    for _ in range(3):
        file.append([b"12345"])
    file.close()

    assert (folder / "notes.jsonl").read_text() == "mine"
    assert list(list_files(folder)) == [3]


def test_a_file_that_cannot_be_opened_is_an_os_error_and_later_it_works(folder: Path) -> None:
    folder.write_text("a file is in the way")
    file = RotatingFile(folder)
    with pytest.raises(OSError, match="exist"):
        file.append([b"lost"])
    os.unlink(folder)
    file.append([b"kept"])
    file.close()

    assert content(folder) == [b"kept"]
