"""A function deployed alone makes the checks of the gateway itself."""

from collections.abc import Iterator

import pytest

from edge.testing import ServedFunction, serving
from edge.tokens import mint
from tests.support.paths import ROOT

ADDRESS = {"video_id": "6f1d7f3e-0000-4000-8000-000000000000"}
pytestmark = [pytest.mark.process, pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def function() -> Iterator[ServedFunction]:
    with serving(ROOT / "functions/voice_prompt") as served:
        yield served


def test_a_request_without_a_token_is_refused_with_cors_headers(function: ServedFunction) -> None:
    forged = mint("x" * 40, "authenticated", sub="u")
    for headers in ({}, {"authorization": f"Bearer {forged}"}, function.user(exp=1)):
        reply = function.client.post("/", json=ADDRESS, headers=headers)

        assert reply.status_code == 401
        assert reply.headers["access-control-allow-origin"] == "*"


def test_a_user_passes_and_gets_the_faults_of_the_body(function: ServedFunction) -> None:
    reply = function.client.post("/", json={}, headers=function.user())

    assert reply.status_code == 400
    assert "video_id" in reply.text


def test_a_body_over_ten_megabytes_is_refused(function: ServedFunction) -> None:
    headers = {**function.user(), "content-type": "application/json"}

    reply = function.client.post("/", content=b" " * (10 * 2**20 + 1), headers=headers)

    assert reply.status_code == 413
