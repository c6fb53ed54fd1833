"""PKCE: links lead to a code, which only the holder of the verifier redeems, once."""

import hashlib
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit

import pytest

from edge.emulator.auth.config import MailConfig
from tests.support.auth_service import PASSWORD, Auth, Open

VERIFIER = "v" * 56
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "s256"}


async def redeem(auth: Auth) -> str:
    """Follow the newest link; returns the code."""
    location = (await auth.client.get(auth.link())).headers["location"]
    return parse_qs(urlsplit(location).query)["code"][0]


@pytest.mark.parametrize("url", ["/otp", "/recover"])
async def test_a_code_is_exchanged_for_a_session_once(auth: Auth, url: str) -> None:
    user_id = (await auth.sign_up())["user"]["id"]
    await auth("POST", url, {"email": "ann@example.com", **PKCE})
    code = await redeem(auth)
    exchange = {"auth_code": code, "code_verifier": VERIFIER}

    wrong = await auth("POST", "/token?grant_type=pkce", exchange | {"code_verifier": "w" * 56})
    right = await auth("POST", "/token?grant_type=pkce", exchange)
    again = await auth("POST", "/token?grant_type=pkce", exchange)

    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_code_verifier")
    assert right.json()["user"]["id"] == user_id
    assert (again.status_code, again.json()["code"]) == (404, "flow_state_not_found")


async def test_a_sign_up_is_confirmed_the_same_way(open_auth: Open) -> None:
    auth = await open_auth(mail=MailConfig(autoconfirm=False))
    await auth("POST", "/signup", {"email": "ann@example.com", "password": PASSWORD, **PKCE})
    exchange = {"auth_code": await redeem(auth), "code_verifier": VERIFIER}

    assert (await auth("POST", "/token?grant_type=pkce", exchange)).status_code == 200


async def test_a_code_dies_after_some_minutes(open_auth: Open) -> None:
    auth = await open_auth(flow_state_seconds=-1)
    await auth.sign_up()
    await auth("POST", "/otp", {"email": "ann@example.com", **PKCE})
    exchange = {"auth_code": await redeem(auth), "code_verifier": VERIFIER}

    answer = await auth("POST", "/token?grant_type=pkce", exchange)

    assert (answer.status_code, answer.json()["code"]) == (422, "flow_state_expired")


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        ("short", "s256"),
        ("c" * 43, ""),
        ("", "s256"),
        ("c" * 129, "s256"),
        ("!" * 50, "s256"),
        ("c" * 43, "md5"),
    ],
)
async def test_challenges_that_are_none(auth: Auth, challenge: str, method: str) -> None:
    body = {"code_challenge": challenge, "code_challenge_method": method}

    answer = await auth("POST", "/otp", {"email": "a@b.co", **body})

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
