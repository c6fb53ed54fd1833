"""Invitations and links that an administrator makes."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.auth_service import PASSWORD, Auth


async def generate(auth: Auth, **body: Any) -> dict[str, Any]:
    return (await auth.admin("POST", "/admin/generate_link", body)).json()


async def test_an_invited_user_sets_a_password(auth: Auth) -> None:
    invited = (await auth.admin("POST", "/invite", {"email": "ann@example.com"})).json()
    location = (await auth.client.get(auth.link())).headers["location"]
    token = parse_qs(urlsplit(location).fragment)["access_token"][0]

    await auth("PUT", "/user", {"password": PASSWORD}, token)

    assert invited["invited_at"]
    assert (await auth.sign_in()).json()["user"]["id"] == invited["id"]
    again = await auth.admin("POST", "/invite", {"email": "ann@example.com"})
    assert (again.status_code, again.json()["code"]) == (422, "email_exists")


@pytest.mark.parametrize("kind", ["signup", "magiclink", "recovery", "invite"])
async def test_a_link_works_without_a_mail(auth: Auth, kind: str) -> None:
    if kind == "recovery":
        await auth.sign_up()
    link = await generate(auth, type=kind, email="ann@example.com", password=PASSWORD)
    hashed = {"type": link["verification_type"], "token_hash": link["hashed_token"]}

    answer = await auth("POST", "/verify", hashed)

    assert link["verification_type"] == ("signup" if kind == "magiclink" else kind)
    assert link["hashed_token"] in link["action_link"]
    assert answer.json()["user"]["id"] == link["id"]
    assert len(auth.mailbox) == 0


async def test_the_code_of_a_link_works_too(auth: Auth) -> None:
    await auth.sign_up()
    link = await generate(auth, type="magiclink", email="ann@example.com")
    body = {"type": "email", "email": "ann@example.com", "token": link["email_otp"]}

    assert (await auth("POST", "/verify", body)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"type": "tea", "email": "a@b.co"}, 400, "validation_failed"),
        ({"type": "recovery", "email": "a@b.co"}, 404, "user_not_found"),
        ({"type": "signup", "email": "a@b.co"}, 400, "validation_failed"),
        ({"type": "signup", "email": "a@b.co", "password": "x"}, 422, "weak_password"),
        ({"type": "signup", "email": "ann@example.com", "password": PASSWORD}, 422, "email_exists"),
        ({"type": "email_change_new", "email": "ann@example.com"}, 400, "validation_failed"),
    ],
)
async def test_links_that_cannot_be(auth: Auth, body: object, status: int, code: str) -> None:
    await auth.sign_up()

    answer = await auth.admin("POST", "/admin/generate_link", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_clients_of_the_oauth_server(open_auth: Any) -> None:
    from edge.emulator.auth.config import OAuthServerConfig

    auth: Auth = await open_auth(oauth_server=OAuthServerConfig(enabled=True))
    url = "/admin/oauth/clients"
    wanted = {"client_name": "App", "redirect_uris": ["https://app.example/callback"]}

    created = await auth.admin("POST", url, wanted)
    one = f"{url}/{created.json()['client_id']}"
    renamed = await auth.admin("PUT", one, {"client_name": "New"})
    regenerated = await auth.admin("POST", f"{one}/regenerate_secret")
    listed = (await auth.admin("GET", url)).json()["clients"]
    deleted = await auth.admin("DELETE", one)

    assert created.status_code == 201
    assert created.json()["client_type"] == "confidential"
    assert created.json()["client_secret"] != regenerated.json()["client_secret"]
    assert renamed.json()["client_name"] == "New"
    assert ["client_secret" in entry for entry in listed] == [False]
    assert deleted.status_code == 204
    assert (await auth.admin("GET", one)).json()["code"] == "oauth_client_not_found"
    bad = await auth.admin("POST", url, {"redirect_uris": ["http://evil.example"]})
    assert bad.status_code == 400
    refused = await auth("POST", "/oauth/clients/register", wanted)
    assert refused.json()["code"] == "oauth_dynamic_client_registration_disabled"
