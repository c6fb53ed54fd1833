"""The environment as one record."""

import pytest

from shared.env import read_env
from shared.errors import ConfigurationError


def test_an_empty_environment_has_defaults() -> None:
    env = read_env({})

    assert env.openai.embedding_model == "text-embedding-3-small"
    assert env.openai.mode == "responses"
    assert env.anthropic.provider.base_url is None
    assert env.analysis_token_budget == 100_000
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


def test_a_server_of_ones_own_needs_no_key() -> None:
    env = read_env({"OPENAI_BASE_URL": "http://localhost:11434/v1"})

    assert env.openai.provider.api_key == "none"
    assert env.anthropic.provider.api_key == ""


def test_the_slug_is_the_platforms_or_cloud_runs() -> None:
    assert read_env({"SUPABASE_FUNCTION_SLUG": "a", "K_SERVICE": "b"}).function == "a"
    assert read_env({"K_SERVICE": "b"}).function == "b"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"SUPABASE_SECRET_KEYS": "sb_secret_a"}, "SUPABASE_SECRET_KEYS"),
        ({"SUPABASE_PUBLISHABLE_KEYS": "[1]"}, "SUPABASE_PUBLISHABLE_KEYS"),
        ({"OPENAI_TIMEOUT_SECONDS": "soon"}, "OPENAI_TIMEOUT_SECONDS"),
        ({"ANTHROPIC_TIMEOUT_SECONDS": "-1"}, "ANTHROPIC_TIMEOUT_SECONDS"),
        ({"OPENAI_API_MODE": "telepathy"}, "OPENAI_API_MODE"),
    ],
)
def test_what_cannot_be_understood_is_named(values: dict[str, str], name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read_env(values)


def test_a_key_that_is_missing_is_named_when_it_is_needed() -> None:
    env = read_env({})

    with pytest.raises(ConfigurationError, match="SUPABASE_SECRET_KEYS"):
        _ = env.supabase.secret_key


def test_webhooks_are_signed_with_a_secret_of_their_own_or_the_api_key() -> None:
    both = read_env({"RETELL_WEBHOOK_SECRET": "w", "RETELL_API_KEY": "a"})

    assert both.retell.webhook_key == "w"
    assert read_env({"RETELL_API_KEY": "a"}).retell.webhook_key == "a"


@pytest.mark.parametrize("values", [{}, {"RETELL_BASE_URL": "http://localhost:1"}])
def test_nothing_is_made_up_to_verify_webhooks_with(values: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="RETELL_WEBHOOK_SECRET"):
        _ = read_env(values).retell.webhook_key


def test_functions_are_called_through_the_project_unless_each_has_an_address_of_its_own() -> None:
    alone = {"EDGE_FUNCTIONS_URL": "https://{name}-1.example.com/"}

    assert read_env({"SUPABASE_URL": "http://p"}).supabase.function_url("hello") == (
        "http://p/functions/v1/hello"
    )
    assert read_env(alone).supabase.function_url("hello") == "https://hello-1.example.com/"
