"""function.toml: one parser, one set of defaults, errors with file, key and cure."""

from pathlib import Path

import pytest

from edge.project.config_toml import FunctionConfig
from edge.project.limits import MEGABYTE, LimitsMode
from edge.project.manifest import Manifest, ManifestError, discover, parse_size, read_manifest


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.py").touch()
    (folder / "function.toml").write_text(text)
    return folder


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    manifest = read_manifest(tmp_path)

    assert manifest == Manifest()
    assert manifest.as_written() == {}
    assert manifest.limits(LimitsMode.LOCAL).memory == 256 * MEGABYTE


def test_what_is_written_is_kept_apart_from_the_defaults(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path, "memory = '2GB'\nsecrets = ['A']\n"))

    assert manifest.memory_bytes == parse_size("2GB") == 2048 * MEGABYTE
    assert manifest.as_written() == {"memory": "2GB", "secrets": ["A"]}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("memory = ", "function.toml is not valid TOML"),
        ("memory = '1TB'", "function.toml: memory: "),
        ("max_worker = 2", "there is no setting max_worker. Did you mean max_workers?"),
        ("schedule = 'sometimes'", "'sometimes' is no cron schedule"),
        ("schedule_body = '{'", "function.toml: schedule_body: "),
        ("timeout = 0\nconcurrency = 0", "function.toml: concurrency: "),
    ],
)
def test_a_fault_names_the_file_and_the_key(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(write(tmp_path, text))

    assert fault in caught.value.message


def test_a_faulty_setting_comes_with_the_settings_there_are(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read_manifest(write(tmp_path, "timeout = 0"))

    assert caught.value.cure
    assert "Settings are: body_limit, concurrency" in caught.value.cure


def test_a_faulty_function_does_not_hide_the_others(tmp_path: Path) -> None:
    write(tmp_path / "good", "")
    write(tmp_path / "bad", "timeout = 0")

    found = discover(tmp_path)

    assert found["good"].fault is None
    assert "bad/function.toml: timeout: " in (found["bad"].fault or "")


def test_config_toml_may_name_the_file_of_a_function(tmp_path: Path) -> None:
    """As `[functions.NAME] entrypoint` does for TypeScript ones."""
    own = write(tmp_path / "say_hello", "memory = '2GB'\n")
    (own / "server.py").touch()
    (tmp_path / "apps").mkdir()
    for name in ("a.py", "b.py"):
        (tmp_path / "apps" / name).touch()
    configured = {
        "say-hello": FunctionConfig(entrypoint=own / "server.py", verify_jwt=False),
        "a": FunctionConfig(entrypoint=tmp_path / "apps/a.py", enabled=False),
        "b_2": FunctionConfig(entrypoint=tmp_path / "apps/b.py"),
        "typed": FunctionConfig(entrypoint=tmp_path / "typed/index.ts"),
        "gone": FunctionConfig(entrypoint=tmp_path / "gone.py"),
    }

    found = discover(tmp_path, configured)

    assert sorted(found) == ["a", "b-2", "gone", "say-hello"]
    assert found["say-hello"].source == own / "server.py"
    assert found["say-hello"].manifest.memory == "2GB"
    assert not found["say-hello"].manifest.verify_jwt
    assert (found["a"].source.name, found["a"].manifest.enabled) == ("a.py", False)
    assert found["b-2"].manifest.enabled
    assert found["gone"].fault == (
        f"config.toml: functions.gone.entrypoint: there is no file {tmp_path / 'gone.py'}"
    )
