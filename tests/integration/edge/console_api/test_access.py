"""The console's API answers holders of its token or of the secret key, and no foreign page."""

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.waiting import PATIENCE

pytestmark = [pytest.mark.e2e]


def get(stack: RunningStack, **headers: str | bytes) -> httpx.Response:
    return httpx.get(f"{stack.url}/console/api/status", headers=headers)


def test_the_token_and_the_secret_key_open_the_api(stack: RunningStack) -> None:
    by_token = get(stack, authorization=f"Bearer {stack.console_token}")
    by_key = get(stack, apikey=stack.secret_key)

    assert by_token.status_code == by_key.status_code == 200
    assert by_token.json()["is_ready"] is True


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Bearer", "Basic x", "Bearer é"])
def test_without_a_token_nothing_is_shown(stack: RunningStack, authorization: str) -> None:
    refused = get(stack, authorization=authorization.encode())

    assert refused.status_code == 401
    assert refused.json()["code"] == "CONSOLE_TOKEN_REQUIRED"
    assert refused.json()["hint"]


def test_the_publishable_key_does_not_open_the_api(stack: RunningStack) -> None:
    assert get(stack, apikey=stack.publishable_key).status_code == 401


def test_other_hosts_and_origins_are_refused(stack: RunningStack) -> None:
    token = f"Bearer {stack.console_token}"
    host = get(stack, authorization=token, host="rebound.example.com")
    origin = get(stack, authorization=token, origin="https://evil.example.com")

    assert (host.status_code, host.json()["code"]) == (403, "HOST_NOT_ALLOWED")
    assert (origin.status_code, origin.json()["code"]) == (403, "ORIGIN_NOT_ALLOWED")


def test_what_does_not_exist_has_the_same_envelope(stack: RunningStack) -> None:
    missing = httpx.get(
        f"{stack.url}/console/api/nothing",
        headers={"authorization": f"Bearer {stack.console_token}"},
        timeout=PATIENCE,
    )

    assert missing.status_code == 404
    assert missing.json()["code"] == "NOT_FOUND"
