"""What deprecated functions answer, on the whole stack."""

import httpx
import pytest

from tests.conftest import RunningStack

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("slug", "replacement"),
    [
        ("enhance-prompt-old", "enhance-prompt"),
        ("generate-content", "queue-job"),
        ("test-edge-functions", "system-metrics"),
        ("validate-enhancement-fix", "system-metrics"),
    ],
)
def test_a_deprecated_function_names_its_replacement(
    stack: RunningStack, slug: str, replacement: str
) -> None:
    url = f"{stack.url}/functions/v1/{slug}"
    body = {"prompt": "a fox", "enhancement_only": True}
    for answer in (httpx.post(url, json=body), httpx.get(url), stack.call(slug, body)):
        assert answer.status_code == 410
        told = answer.json()
        assert (told["code"], told["status"]) == ("DEPRECATED", "deprecated")
        assert told["replacement"] == replacement
        assert told["deprecated_since"] == "August 2025"
        assert told["reason"]
        assert slug in told["message"]
        assert f"/{replacement}>" in answer.headers["link"]
        assert answer.headers["access-control-allow-origin"] == "*"
