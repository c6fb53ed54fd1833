"""Who signs in, before a project whose Auth answers as it is made to."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from edge.operators.project import Project, SignInError


def factor(number: int, kind: str = "totp", status: str = "verified") -> dict[str, Any]:
    return {"id": f"factor-{number}", "factor_type": kind, "status": status}


def sign_in(factors: list[dict[str, Any]], code: str, **statuses: int) -> str:
    """Sign in to a project where each factor's code is its id; returns what is said."""

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/auth/v1")
        status = next((s for name, s in statuses.items() if path.endswith(name)), 200)
        if path == "/token":
            user = {"id": "1", "app_metadata": {"console": "read"}, "factors": factors}
            return httpx.Response(status, json={"access_token": "t", "user": user})
        if path.endswith("/challenge"):
            return httpx.Response(status, json={"id": "c"})
        is_right = json.loads(request.content)["code"] == path.split("/")[2]
        return httpx.Response(status if is_right or status != 200 else 422, json={})

    async def run() -> str:
        project = Project("http://project", "publishable", "secret")
        project.client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        try:
            return (await project.sign_in("ann@example.com", "password", code)).id
        except SignInError as exc:
            return str(exc)

    return asyncio.run(run())


def test_the_code_of_any_authenticator_signs_in() -> None:
    factors = [factor(1), factor(2, status="unverified"), factor(3)]

    assert sign_in(factors, "factor-1") == "1"
    assert sign_in(factors, "factor -3") == "1"
    assert "wrong" in sign_in(factors, "factor-2")
    assert "Enter the code" in sign_in(factors, " ")


@pytest.mark.parametrize("kind", ["phone", "webauthn"])
def test_a_factor_of_another_kind_is_not_passed_over(kind: str) -> None:
    assert "no authenticator app" in sign_in([factor(1, kind)], "factor-1")
    assert sign_in([factor(1, kind), factor(2)], "factor-2") == "1"
    assert sign_in([factor(1, kind, status="unverified")], "") == "1"


@pytest.mark.parametrize("path", ["token", "challenge", "verify"])
def test_what_auth_limits_is_told(path: str) -> None:
    assert "too many attempts" in sign_in([factor(1)], "factor-1", **{path: 429})


@pytest.mark.parametrize("path", ["token", "challenge", "verify"])
def test_an_auth_that_fails_is_no_wrong_password(path: str) -> None:
    with pytest.raises(httpx.HTTPError):
        sign_in([factor(1)], "factor-1", **{path: 503})
