from pathlib import Path

from edge.runtime.launch.preload import BY_REQUIREMENT, extras_for


def _folder(root: Path, name: str, requirements: str | None) -> Path:
    folder = root / name
    folder.mkdir()
    if requirements is not None:
        (folder / "requirements.txt").write_text(requirements)
    return folder


def test_only_what_some_function_requires_is_preloaded(tmp_path: Path) -> None:
    folders = [
        _folder(tmp_path, "plain", None),
        _folder(tmp_path, "dials", "httpx==0.28.1\nRetell_SDK==6.2.13 \\\n    --hash=sha256:00\n"),
        _folder(tmp_path, "mentions", "# phonenumbers is not needed here\n"),
    ]

    assert extras_for(folders) == list(BY_REQUIREMENT["retell-sdk"])


def test_functions_that_require_nothing_special_add_nothing(tmp_path: Path) -> None:
    assert extras_for([_folder(tmp_path, "plain", "openai==3.52.0\n")]) == []
