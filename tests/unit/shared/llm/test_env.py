"""The providers' sections of the environment."""

from collections.abc import Callable, Mapping

import pytest

from shared.errors import ConfigurationError
from shared.llm.env import read_anthropic_env, read_openai_env


def test_an_empty_environment_has_defaults() -> None:
    assert read_openai_env({}).embedding_model == "text-embedding-3-small"
    assert read_openai_env({}).mode == "responses"
    assert read_anthropic_env({}).provider.base_url is None


def test_a_compatible_server_needs_no_key() -> None:
    values = {"OPENAI_BASE_URL": "http://localhost:11434/v1"}

    assert read_openai_env(values).provider.api_key == "none"
    assert read_anthropic_env(values).provider.api_key == ""


@pytest.mark.parametrize(
    ("read", "values", "name"),
    [
        (read_openai_env, {"OPENAI_TIMEOUT_SECONDS": "soon"}, "OPENAI_TIMEOUT_SECONDS"),
        (read_anthropic_env, {"ANTHROPIC_TIMEOUT_SECONDS": "-1"}, "ANTHROPIC_TIMEOUT_SECONDS"),
        (read_openai_env, {"OPENAI_API_MODE": "telepathy"}, "OPENAI_API_MODE"),
    ],
)
def test_an_invalid_value_is_named(
    read: Callable[[Mapping[str, str]], object], values: dict[str, str], name: str
) -> None:
    with pytest.raises(ConfigurationError, match=name):
        read(values)
