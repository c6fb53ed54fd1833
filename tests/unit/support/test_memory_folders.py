from pathlib import Path

from tests.support.memory_folders import folder_in_memory


def test_a_folder_that_is_used_stays_and_is_removed_at_its_end(tmp_path: Path) -> None:
    with folder_in_memory(tmp_path) as first:
        with folder_in_memory(tmp_path) as second:
            assert first.is_dir()
            assert second.is_dir()
        assert (first.is_dir(), second.is_dir()) == (True, False)
    assert not list(tmp_path.iterdir())


def test_what_a_killed_session_has_left_is_removed(tmp_path: Path) -> None:
    left, others = tmp_path / "edge-tests-left", tmp_path / "others"
    for folder in (left, others):
        (folder / "cluster").mkdir(parents=True)
        (folder / "in-use").touch()

    with folder_in_memory(tmp_path):
        assert (left.is_dir(), others.is_dir()) == (False, True)
