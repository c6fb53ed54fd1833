"""The worker's environment: which variables a function can read, and from where."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge.project.extensions import ProcessEntry
from edge.project.manifest import Function, Manifest
from edge.project.providers import PROVIDERS
from edge.project.settings import Settings, load_settings
from edge.project.worker_environment import (
    build_console_environment,
    build_process_environment,
    build_worker_environment,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "functions" / "one").mkdir(parents=True)
    return tmp_path


def environment(settings: Settings, *secrets: str) -> dict[str, str]:
    """The environment of a function that names these secrets."""
    function = Function("one", settings.root / "functions/one", Manifest(secrets=secrets))
    return build_worker_environment(settings, function)


def test_without_a_key_a_function_talks_to_the_local_provider(root: Path) -> None:
    settings = load_settings(root, environ={})

    given = environment(settings, "OPENAI_API_KEY")

    assert given["OPENAI_API_KEY"] == "local"
    assert given["OPENAI_BASE_URL"] == "http://127.0.0.1:54321/providers/openai/v1"
    assert "ANTHROPIC_API_KEY" not in given
    assert not any(provider.is_real(settings.secrets) for provider in PROVIDERS)


def test_only_the_emulated_account_of_calls_allows_plain_signatures(root: Path) -> None:
    wanted = ("RETELL_API_KEY", "RETELL_ALLOW_PLAIN_SIGNATURE")
    local = load_settings(root, environ={})
    real = load_settings(root, environ={"RETELL_API_KEY": "key_real"})

    emulated = environment(local, *wanted)
    genuine = environment(real, *wanted)

    assert emulated["RETELL_BASE_URL"] == "http://127.0.0.1:54321/providers/retell"
    assert emulated["RETELL_ALLOW_PLAIN_SIGNATURE"] == "true"
    assert genuine["RETELL_API_KEY"] == "key_real"
    assert {"RETELL_BASE_URL", "RETELL_ALLOW_PLAIN_SIGNATURE"}.isdisjoint(genuine)


def test_with_a_key_it_talks_to_the_real_one(root: Path) -> None:
    settings = load_settings(root, environ={"OPENAI_API_KEY": "sk-real"})

    given = environment(settings, "OPENAI_API_KEY")

    assert given["OPENAI_API_KEY"] == "sk-real"
    assert "OPENAI_BASE_URL" not in given


def test_a_function_sees_the_secrets_it_names_and_no_others(root: Path) -> None:
    (root / "functions/.env").write_text("WANTED=1\nOTHER=2\n")
    (root / "functions/one/.env").write_text("WANTED=3\nOWN=4\n")
    settings = load_settings(root, environ={"SHELL_SECRET": "5"})

    given = environment(settings, "WANTED", "OWN")

    assert (given["WANTED"], given["OWN"]) == ("3", "4")
    assert {"OTHER", "SHELL_SECRET"}.isdisjoint(given)


def test_reserved_names_in_the_env_file_are_left_out_and_named(root: Path) -> None:
    (root / "functions/.env").write_text("SUPABASE_URL=http://evil\n")
    settings = load_settings(root, environ={})

    given = environment(settings, "SUPABASE_URL")

    assert settings.ignored == ("SUPABASE_URL",)
    assert given["SUPABASE_URL"] == settings.api_url


def test_an_env_file_of_one_s_own_stands_for_all_others(root: Path) -> None:
    (root / "functions/.env").write_text("A=shared\n")
    (root / "functions/one/.env").write_text("B=own\n")
    (root / "other.env").write_text("C=other\n")

    settings = load_settings(root, env_file=root / "other.env", environ={})
    given = environment(settings, "A", "B", "C")

    assert {name: given.get(name) for name in "ABC"} == {"A": None, "B": None, "C": "other"}


def test_without_a_database_functions_are_told_of_none(root: Path) -> None:
    settings = replace(load_settings(root, environ={}), database=False)

    given = environment(settings)

    assert "SUPABASE_DB_URL" not in given
    assert not {"DB_URL", "MAILPIT_URL"} & settings.describe().keys()


def test_who_sees_a_provider_s_key_sees_its_url_too(root: Path) -> None:
    url = "http://127.0.0.1:11434/v1"
    settings = load_settings(root, environ={"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url})

    given = environment(settings, "OPENAI_API_KEY")

    assert given["OPENAI_BASE_URL"] == url


def test_a_key_of_its_own_file_also_brings_the_url_of_that_file(root: Path) -> None:
    """The URL that another file sets is overridden: the key is for this one."""
    (root / "functions/.env").write_text("OPENAI_BASE_URL=http://shared\nOPENAI_API_KEY=a\n")
    (root / "functions/one/.env").write_text("OPENAI_BASE_URL=http://own\nOPENAI_API_KEY=b\n")

    given = environment(load_settings(root, environ={}), "OPENAI_API_KEY")

    assert (given["OPENAI_API_KEY"], given["OPENAI_BASE_URL"]) == ("b", "http://own")


def test_without_emulated_providers_a_missing_key_stays_missing(root: Path) -> None:
    settings = replace(load_settings(root, environ={}), emulates_providers=False)

    given = environment(settings, "OPENAI_API_KEY", "RETELL_API_KEY")

    assert {"OPENAI_API_KEY", "OPENAI_BASE_URL", "RETELL_BASE_URL", "SB_REGION"}.isdisjoint(given)


def test_platform_variables_win_over_secrets_and_inherited_ones(root: Path) -> None:
    settings = replace(
        load_settings(root, environ={"PATH": "/bin"}),
        secrets={"SUPABASE_FUNCTION_SLUG": "other", "PATH": "/secret"},
    )

    given = environment(settings, "SUPABASE_FUNCTION_SLUG", "PATH")

    assert (given["SUPABASE_FUNCTION_SLUG"], given["PATH"]) == ("one", "/secret")


def test_a_process_gets_the_secrets_it_names_and_the_url_that_a_key_is_for(root: Path) -> None:
    own = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://own:1", "ANTHROPIC_API_KEY": "a"}
    entry = ProcessEntry("chat", ("true",), secrets=("OPENAI_API_KEY",))

    given = build_process_environment(load_settings(root, environ=own), entry)
    emulated = build_process_environment(load_settings(root, environ={}), entry)

    assert (given["OPENAI_API_KEY"], given["OPENAI_BASE_URL"]) == ("k", "http://own:1")
    assert "ANTHROPIC_API_KEY" not in given
    assert emulated["OPENAI_API_KEY"] == "local"
    assert emulated["OPENAI_BASE_URL"].endswith("/providers/openai/v1")
    assert "SUPABASE_URL" in emulated


def test_the_console_has_no_secret_but_the_projects_keys(root: Path) -> None:
    settings = load_settings(root, environ={"OPENAI_API_KEY": "sk-real", "PATH": "/bin"})

    given = build_console_environment(replace(settings, console_token="t"))

    assert given["CONSOLE_API_URL"] == "http://127.0.0.1:54321/console/api"
    assert given["CONSOLE_TOKEN"] == "t"
    assert given["SUPABASE_SERVICE_ROLE_KEY"] == settings.service_role_key
    assert {"OPENAI_API_KEY", "SUPABASE_DB_URL"}.isdisjoint(given)
