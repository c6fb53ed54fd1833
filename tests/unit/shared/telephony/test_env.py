"""The telephony section of the environment."""

import pytest

from shared.errors import ConfigurationError
from shared.telephony.env import read_retell_env


def test_webhooks_are_verified_with_their_secret_or_the_api_key() -> None:
    both = read_retell_env({"RETELL_WEBHOOK_SECRET": "w", "RETELL_API_KEY": "a"})

    assert both.webhook_key == "w"
    assert read_retell_env({"RETELL_API_KEY": "a"}).webhook_key == "a"


@pytest.mark.parametrize("values", [{}, {"RETELL_BASE_URL": "http://localhost:1"}])
def test_no_default_verifies_webhooks(values: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="RETELL_WEBHOOK_SECRET"):
        _ = read_retell_env(values).webhook_key
