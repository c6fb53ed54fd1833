"""verify_jwt at the door: the platform's order, codes and bodies."""

import base64
import json
import time

import httpx
import jwt
import pytest

from edge.tokens import mint
from tests.support.functions_runtime import SECRET, Functions
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.process
OTHER_SECRET = "another-secret-that-nobody-trusts-for-anything"


def unsigned() -> str:
    parts = ({"alg": "none", "typ": "JWT"}, {"role": "service_role"})
    encoded = (base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in parts)
    return b".".join((*encoded, b"")).decode()


def asymmetric_by_nobody() -> str:
    header = {"alg": "ES256", "kid": "unknown", "typ": "JWT"}
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{head}.e30.c2ln"


REFUSED = {
    "no header": ({}, "UNAUTHORIZED_NO_AUTH_HEADER"),
    "another scheme": ({"authorization": "Basic abc"}, "UNAUTHORIZED_INVALID_JWT_FORMAT"),
    "lower-case scheme": ({"authorization": "bearer abc"}, "UNAUTHORIZED_INVALID_JWT_FORMAT"),
    "no token": ({"authorization": "Bearer"}, "UNAUTHORIZED_INVALID_JWT_FORMAT"),
    "three parts": ({"authorization": "Bearer a b"}, "UNAUTHORIZED_INVALID_JWT_FORMAT"),
    "not a token": ({"authorization": "Bearer abc"}, "UNAUTHORIZED_INVALID_JWT_FORMAT"),
    "an unknown key": (
        {"authorization": "Bearer sb_publishable_unknown"},
        "UNAUTHORIZED_INVALID_JWT_FORMAT",
    ),
    "an unknown key as apikey": ({"apikey": "sb_secret_wrong"}, "UNAUTHORIZED_INVALID_API_KEY"),
    "an unknown key as both": (
        {"apikey": "sb_secret_wrong", "authorization": "Bearer sb_secret_wrong"},
        "UNAUTHORIZED_INVALID_API_KEY",
    ),
    "forged": (
        {"authorization": f"Bearer {mint(OTHER_SECRET, 'service_role')}"},
        "UNAUTHORIZED_LEGACY_JWT",
    ),
    "expired": (
        {"authorization": f"Bearer {mint(SECRET, 'anon', exp=int(time.time()) - 10)}"},
        "UNAUTHORIZED_LEGACY_JWT",
    ),
    "not yet valid": (
        {"authorization": f"Bearer {mint(SECRET, 'anon', nbf=int(time.time()) + 86_400)}"},
        "UNAUTHORIZED_LEGACY_JWT",
    ),
    "unsigned": (
        {"authorization": f"Bearer {unsigned()}"},
        "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM",
    ),
    "another HMAC": (
        {"authorization": f"Bearer {jwt.encode({'role': 'anon'}, SECRET * 2, 'HS512')}"},
        "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM",
    ),
    "by an unknown key pair": (
        {"authorization": f"Bearer {asymmetric_by_nobody()}"},
        "UNAUTHORIZED_ASYMMETRIC_JWT",
    ),
    "the gateway's own header": (
        {"sb-api-key": f"Bearer {mint(SECRET, 'service_role')}"},
        "UNAUTHORIZED_NO_AUTH_HEADER",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_without_a_good_token_is_401(functions: Functions, case: str) -> None:
    headers, code = REFUSED[case]

    answer = httpx.post(functions.url + "/functions/v1/echo", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["sb-error-code"] == code
    assert answer.json()["msg"] == answer.json()["message"]
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {mint(SECRET, 'anon')}"},
        {"apikey": mint(SECRET, "anon")},
        {"apikey": "sb_publishable_x"},
        {"apikey": "sb_publishable_x", "authorization": "Bearer sb_publishable_x"},
    ],
    ids=["a token", "a token as key", "a new key", "a new key as both"],
)
def test_a_good_token_or_key_passes(functions: Functions, headers: dict[str, str]) -> None:
    assert (
        httpx.post(
            functions.url + "/functions/v1/echo", headers=headers, timeout=PATIENCE
        ).status_code
        == 200
    )


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"apikey": "sb_secret_wrong"}, "not one of this project's keys"),
        ({"authorization": "Bearer sb_publishable_x"}, "send it as the header apikey"),
    ],
)
def test_a_key_that_does_not_pass_is_explained(
    functions: Functions, headers: dict[str, str], said: str
) -> None:
    answer = httpx.post(functions.url + "/functions/v1/echo", headers=headers)

    assert (answer.status_code, said in answer.json()["hint"]) == (401, True)


def test_a_preflight_is_never_checked(functions: Functions) -> None:
    assert httpx.options(functions.url + "/functions/v1/echo").status_code == 200


def test_a_function_may_do_without(functions: Functions) -> None:
    assert httpx.get(functions.url + "/functions/v1/reads-env").status_code == 200
