"""Controls, request logs, numbers and pages of the stack are not for pages of other sites."""

import httpx
import pytest

from tests.conftest import RunningStack
from tests.support.waiting import PATIENCE

CONTROLS = (
    "/providers/_faults",
    "/providers/retell/_control",
    "/providers/retell/_requests",
    "/metrics",
    "/_internal/metric",
)


@pytest.mark.parametrize("path", CONTROLS)
def test_a_control_asks_for_the_secret_key(stack: RunningStack, path: str) -> None:
    def status(**headers: str) -> int:
        return httpx.get(stack.url + path, headers=headers).status_code

    assert status() == 401
    assert status(apikey=stack.publishable_key) == 401
    assert status(apikey="sb_secret_wrong") == 401
    assert status(apikey=stack.secret_key) == 200
    assert status(authorization=f"Bearer {stack.secret_key}") == 200
    assert status(authorization=f"Bearer {stack.service_role_key}") == 200


@pytest.mark.parametrize("path", [*CONTROLS, "/console/talk-tracks", "/console/settings.json"])
@pytest.mark.parametrize("foreign", [{"host": "rebound.example"}, {"origin": "https://a.example"}])
def test_another_site_is_refused_even_with_the_key(
    stack: RunningStack, path: str, foreign: dict[str, str]
) -> None:
    headers = {**stack.control_headers, **foreign}

    assert httpx.get(stack.url + path, headers=headers).status_code == 403


def test_a_form_of_another_site_changes_nothing(stack: RunningStack) -> None:
    control = f"{stack.url}/providers/retell/_control"
    before = httpx.get(control, headers=stack.control_headers).json()["webhook_url"]
    headers = {"origin": "https://a.example", "content-type": "text/plain"}
    forged = '{"webhook_url": "http://169.254.169.254/"}'

    assert httpx.post(control, headers=headers, content=forged).status_code == 403
    after = httpx.get(control, headers=stack.control_headers).json()["webhook_url"]
    assert after == before


def test_providers_and_services_are_open_to_all_origins_as_ever(stack: RunningStack) -> None:
    headers = {"origin": "https://a.example", "host": "tunnel.example"}
    for path in ("/auth/v1/health", "/providers/openai/v1/models"):
        answer = httpx.get(
            stack.url + path, headers={**headers, "authorization": "Bearer x"}, timeout=PATIENCE
        )
        assert answer.status_code == 200
