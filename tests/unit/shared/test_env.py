"""The environment as one record."""

import pytest

from shared.env import read_env
from shared.errors import ConfigurationError


def test_an_empty_environment_has_defaults() -> None:
    env = read_env({})

    assert env.supabase.secret_keys == ()


def test_named_keys_come_before_legacy_ones_and_default_before_others() -> None:
    env = read_env(
        {
            "SUPABASE_SECRET_KEYS": '{"ci": "sb_secret_ci", "default": "sb_secret_a"}',
            "SUPABASE_SERVICE_ROLE_KEY": "jwt",
        }
    )

    assert env.supabase.secret_keys == ("sb_secret_a", "sb_secret_ci", "jwt")
    assert env.supabase.secret_key == "sb_secret_a"


def test_the_url_is_given_or_follows_from_the_projects_reference() -> None:
    ref = {"SUPABASE_PROJECT_REF": "abcdefgh", "SUPABASE_ANON_KEY": "jwt"}

    assert read_env(ref).supabase.url == "https://abcdefgh.supabase.co"
    assert read_env({**ref, "SUPABASE_URL": "http://p/"}).supabase.url == "http://p"
    assert read_env({}).supabase.url == ""


def test_the_slug_is_the_platforms_or_cloud_runs() -> None:
    assert read_env({"SUPABASE_FUNCTION_SLUG": "a", "K_SERVICE": "b"}).function == "a"
    assert read_env({"K_SERVICE": "b"}).function == "b"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"SUPABASE_SECRET_KEYS": "sb_secret_a"}, "SUPABASE_SECRET_KEYS"),
        ({"SUPABASE_PUBLISHABLE_KEYS": "[1]"}, "SUPABASE_PUBLISHABLE_KEYS"),
    ],
)
def test_what_cannot_be_understood_is_named(values: dict[str, str], name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read_env(values)


def test_a_key_that_is_missing_is_named_when_it_is_needed() -> None:
    env = read_env({})

    with pytest.raises(ConfigurationError, match="SUPABASE_SECRET_KEYS"):
        _ = env.supabase.secret_key


def test_functions_are_called_through_the_project_unless_each_has_an_address_of_its_own() -> None:
    alone = {"EDGE_FUNCTIONS_URL": "https://{name}-1.example.com/"}

    assert read_env({"SUPABASE_URL": "http://p"}).supabase.function_url("hello") == (
        "http://p/functions/v1/hello"
    )
    assert read_env(alone).supabase.function_url("hello") == "https://hello-1.example.com/"
