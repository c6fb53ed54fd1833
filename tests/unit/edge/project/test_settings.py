"""Settings: defaults, config.toml, env file, shell; the latter wins."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge.errors import EdgeError
from edge.project.settings import load_settings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "functions" / "one").mkdir(parents=True)
    return tmp_path


def test_the_well_known_keys_are_the_cli_s(root: Path) -> None:
    settings = load_settings(root, environ={})

    assert settings.api_url == "http://127.0.0.1:54321"
    assert settings.anon_key.endswith("CRXP1A7WOeoJeXxjNni43kdQwgnWNReilDMblYTn_I0")
    assert settings.service_role_key.endswith("EGIM96RAZx35lJzdJsyH-qQwv8Hdp7fsn3W0YpN81IU")


@pytest.mark.parametrize("speed", ["fast", "0", "-1", "1001", "nan"])
def test_an_impossible_speed_of_calls_is_named(root: Path, speed: str) -> None:
    with pytest.raises(EdgeError, match="EDGE_CALL_SPEED"):
        load_settings(root, environ={"EDGE_CALL_SPEED": speed})


def test_config_toml_sets_ports_and_schemas(root: Path) -> None:
    (root / "supabase").mkdir()
    (root / "supabase/config.toml").write_text('[api]\nport = 1234\nschemas = ["a"]\n')

    settings = load_settings(root, environ={})

    assert (settings.port, settings.schemas) == (1234, ("a",))


def test_a_broken_config_names_the_file(root: Path) -> None:
    (root / "supabase").mkdir()
    (root / "supabase/config.toml").write_text("[api\n")

    with pytest.raises(EdgeError, match=r"config\.toml is not valid TOML"):
        load_settings(root, environ={})


def test_an_env_file_that_was_named_must_be_there(root: Path) -> None:
    with pytest.raises(EdgeError, match=r"There is no env file .*missing"):
        load_settings(root, env_file=root / "missing", environ={})


def test_secrets_are_read_again_below_what_the_shell_says(root: Path) -> None:
    settings = load_settings(root, environ={"OPENAI_API_KEY": "sk-shell"})
    (root / "functions/.env").write_text("OPENAI_API_KEY=sk-file\nNEW=1\n")

    secrets = settings.with_current_secrets().secrets

    assert secrets == {"OPENAI_API_KEY": "sk-shell", "NEW": "1"}


def test_config_s_secrets_give_way_to_the_env_file(root: Path) -> None:
    (root / "supabase").mkdir()
    (root / "supabase/config.toml").write_text(
        '[edge_runtime.secrets]\nA = "config"\nB = "env(OUTSIDE)"\n'
    )
    (root / "functions/.env").write_text("A=file\n")

    secrets = load_settings(root, environ={"OUTSIDE": "shell"}).secrets

    assert secrets == {"A": "file", "B": "shell"}


def test_references_in_a_secret_never_reach_the_operator_s_environment(root: Path) -> None:
    (root / "functions/.env").write_text("A=${PATH}\nB='$HOME'\nC=pa$$word\n")

    secrets = load_settings(root, environ={}).secrets

    assert secrets == {"A": "", "B": "$HOME", "C": "pa$$word"}


def test_listening_everywhere_is_still_reached_here(root: Path) -> None:
    settings = replace(load_settings(root, environ={}), host="0.0.0.0")

    assert settings.api_url == "http://127.0.0.1:54321"


def test_mails_are_at_the_api_s_address(root: Path) -> None:
    described = load_settings(root, environ={}).describe()

    assert described["MAILPIT_URL"] == f"{described['API_URL']}/mail"
