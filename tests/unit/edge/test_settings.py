"""Configuration: where a value comes from, and which of them a function gets to see."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge.errors import EdgeError
from edge.project.providers import PROVIDERS
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


def test_without_a_key_a_function_talks_to_the_local_provider(root: Path) -> None:
    settings = load_settings(root, environ={})

    given = settings.function_environment("one", root / "functions/one", ("OPENAI_API_KEY",))

    assert given["OPENAI_API_KEY"] == "local"
    assert given["OPENAI_BASE_URL"] == "http://127.0.0.1:54321/providers/openai/v1"
    assert "ANTHROPIC_API_KEY" not in given
    assert not any(provider.is_real(settings.secrets) for provider in PROVIDERS)


def test_only_the_emulated_account_of_calls_allows_plain_signatures(root: Path) -> None:
    wanted = ("RETELL_API_KEY", "RETELL_ALLOW_PLAIN_SIGNATURE")
    local = load_settings(root, environ={})
    real = load_settings(root, environ={"RETELL_API_KEY": "key_real"})

    emulated = local.function_environment("one", root / "functions/one", wanted)
    genuine = real.function_environment("one", root / "functions/one", wanted)

    assert emulated["RETELL_BASE_URL"] == "http://127.0.0.1:54321/providers/retell"
    assert emulated["RETELL_ALLOW_PLAIN_SIGNATURE"] == "true"
    assert genuine["RETELL_API_KEY"] == "key_real"
    assert {"RETELL_BASE_URL", "RETELL_ALLOW_PLAIN_SIGNATURE"}.isdisjoint(genuine)


@pytest.mark.parametrize("speed", ["fast", "0", "-1", "1001", "nan"])
def test_an_impossible_speed_of_calls_is_named(root: Path, speed: str) -> None:
    with pytest.raises(EdgeError, match="EDGE_CALL_SPEED"):
        load_settings(root, environ={"EDGE_CALL_SPEED": speed})


def test_with_a_key_it_talks_to_the_real_one(root: Path) -> None:
    settings = load_settings(root, environ={"OPENAI_API_KEY": "sk-real"})

    given = settings.function_environment("one", root / "functions/one", ("OPENAI_API_KEY",))

    assert given["OPENAI_API_KEY"] == "sk-real"
    assert "OPENAI_BASE_URL" not in given


def test_a_function_sees_the_secrets_it_names_and_no_others(root: Path) -> None:
    (root / "functions/.env").write_text("WANTED=1\nOTHER=2\n")
    (root / "functions/one/.env").write_text("WANTED=3\nOWN=4\n")
    settings = load_settings(root, environ={"SHELL_SECRET": "5"})

    given = settings.function_environment("one", root / "functions/one", ("WANTED", "OWN"))

    assert (given["WANTED"], given["OWN"]) == ("3", "4")
    assert {"OTHER", "SHELL_SECRET"}.isdisjoint(given)


def test_reserved_names_in_the_env_file_are_left_out_and_named(root: Path) -> None:
    (root / "functions/.env").write_text("SUPABASE_URL=http://evil\n")
    settings = load_settings(root, environ={})

    given = settings.function_environment("one", root / "functions/one", ("SUPABASE_URL",))

    assert settings.ignored == ("SUPABASE_URL",)
    assert given["SUPABASE_URL"] == settings.api_url


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


def test_an_env_file_of_one_s_own_stands_for_all_others(root: Path) -> None:
    (root / "functions/.env").write_text("A=shared\n")
    (root / "functions/one/.env").write_text("B=own\n")
    (root / "other.env").write_text("C=other\n")

    settings = load_settings(root, env_file=root / "other.env", environ={})
    given = settings.function_environment("one", root / "functions/one", ("A", "B", "C"))

    assert {name: given.get(name) for name in "ABC"} == {"A": None, "B": None, "C": "other"}


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


def test_a_dollar_sign_in_a_secret_is_a_dollar_sign(root: Path) -> None:
    (root / "functions/.env").write_text("A=${PATH}\nB='$HOME'\n")

    secrets = load_settings(root, environ={}).secrets

    assert secrets == {"A": "${PATH}", "B": "$HOME"}


def test_listening_everywhere_is_still_reached_here(root: Path) -> None:
    settings = replace(load_settings(root, environ={}), host="0.0.0.0")

    assert settings.api_url == "http://127.0.0.1:54321"


def test_without_a_database_functions_are_told_of_none(root: Path) -> None:
    settings = replace(load_settings(root, environ={}), database=False)

    given = settings.function_environment("one", root / "functions/one", ())

    assert "SUPABASE_DB_URL" not in given
    assert "DB_URL" not in settings.describe()


def test_who_sees_a_provider_s_key_sees_its_url_too(root: Path) -> None:
    url = "http://127.0.0.1:11434/v1"
    settings = load_settings(root, environ={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url})

    given = settings.function_environment("one", root / "functions/one", ("OPENAI_API_KEY",))

    assert given["OPENAI_BASE_URL"] == url
