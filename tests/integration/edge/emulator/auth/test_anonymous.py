"""Anonymous users, and how they become permanent ones."""

import jwt
import pytest

from edge.emulator.auth.config import MailConfig
from tests.support.auth_service import SECRET, Auth, Open


@pytest.fixture
async def anonymous(open_auth: Open) -> Auth:
    return await open_auth(anonymous_enabled=True)


async def test_a_visitor_has_a_session_without_an_address(anonymous: Auth) -> None:
    answer = (await anonymous("POST", "/signup", {"data": {"cart": 3}})).json()
    claims = jwt.decode(answer["access_token"], SECRET, ["HS256"], audience="authenticated")

    assert answer["user"]["is_anonymous"] is True
    assert answer["user"]["user_metadata"] == {"cart": 3}
    assert (claims["is_anonymous"], claims["role"]) == (True, "authenticated")
    assert claims["amr"][0]["method"] == "anonymous"
    refused = await anonymous("POST", "/factors", {"factor_type": "totp"}, answer["access_token"])
    assert (refused.status_code, refused.json()["code"]) == (403, "no_authorization")


async def test_a_visitor_becomes_a_user_with_an_address(anonymous: Auth) -> None:
    visitor = (await anonymous("POST", "/signup", {})).json()
    token = visitor["access_token"]
    early = await anonymous("PUT", "/user", {"password": "correct horse"}, token)

    user = (await anonymous("PUT", "/user", {"email": "ann@example.com"}, token)).json()
    await anonymous("PUT", "/user", {"password": "correct horse"}, token)

    assert early.status_code == 422
    assert (user["id"], user["is_anonymous"]) == (visitor["user"]["id"], False)
    assert user["email"] == "ann@example.com"
    assert (await anonymous.sign_in()).json()["user"]["id"] == user["id"]


async def test_where_addresses_are_confirmed_a_visitor_confirms_too(open_auth: Open) -> None:
    auth = await open_auth(anonymous_enabled=True, mail=MailConfig(autoconfirm=False))
    token = (await auth("POST", "/signup", {})).json()["access_token"]

    pending = (await auth("PUT", "/user", {"email": "ann@example.com"}, token)).json()
    body = {"type": "email_change", "email": "ann@example.com", "token": auth.code()}
    user = (await auth("POST", "/verify", body)).json()["user"]

    assert (pending["is_anonymous"], pending["new_email"]) == (True, "ann@example.com")
    assert (user["is_anonymous"], user["email"]) == (False, "ann@example.com")
