"""Sign-in at an OAuth provider: /authorize, the provider over HTTP, /callback."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
import pytest

from edge.emulator.auth.config import MailConfig, ProviderConfig
from tests.integration.edge.emulator.auth.test_pkce import PKCE, VERIFIER
from tests.support.auth_service import ISSUER, PASSWORD, Auth, Open
from tests.support.oauth_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    OAuthProvider,
    oauth_provider,
)

SITE = "http://127.0.0.1:3000"
ANN = "ann@example.com"
TOKEN = "/login/oauth/access_token"
USER = {"id": 7, "login": "ann", "name": "Ann", "avatar_url": "https://pictures.example/ann"}


def github(*, is_verified: bool = True, email: str = ANN) -> dict[str, Any]:
    """Return the documents of a user, whose primary address is not the first one."""
    other = {"email": "other@example.com", "primary": False, "verified": True}
    primary = {"email": email, "primary": True, "verified": is_verified}
    return {"/api/v3/user": USER, "/api/v3/user/emails": [other, primary]}


@pytest.fixture
def provider() -> Iterator[OAuthProvider]:
    """Return GitHub on this machine."""
    with oauth_provider(TOKEN) as serving:
        serving.documents = github()
        yield serving


async def open_at(open_auth: Open, provider: OAuthProvider, name: str, **options: Any) -> Auth:
    """Open the service with the provider; its users have to confirm their addresses."""
    config = ProviderConfig(
        enabled=True, client_id=CLIENT_ID, secret=CLIENT_SECRET, url=provider.url
    )
    options = {"mail": MailConfig(autoconfirm=False), "manual_linking": True} | options
    return await open_auth(providers={name: config}, **options)


async def lead(auth: Auth, name: str = "github", **query: str) -> str:
    """Return the state with which /authorize leads to the provider."""
    asked = urlencode({"provider": name, "redirect_to": f"{SITE}/in", **query})
    answer = await auth("GET", f"/authorize?{asked}")
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]


async def come_back(auth: Auth, state: str, **query: str) -> tuple[Any, dict[str, str]]:
    """Return the query and the fragment of where /callback leads."""
    asked = {"state": state} | (query or {"code": "good"})
    answer = await auth("GET", f"/callback?{urlencode(asked)}")
    assert answer.status_code == 302, answer.text
    location = urlsplit(answer.headers["location"])
    assert f"{location.scheme}://{location.netloc}{location.path}" == f"{SITE}/in"
    return dict(parse_qsl(location.query)), dict(parse_qsl(location.fragment))


async def test_a_user_is_created_and_found_again(open_auth: Open, provider: OAuthProvider) -> None:
    auth = await open_at(open_auth, provider, "github")

    query, session = await come_back(auth, await lead(auth))
    provider.codes.add("good")
    _, again = await come_back(auth, await lead(auth))

    assert query == {}
    assert session["provider_token"] == "provider-token"
    assert session["provider_refresh_token"] == "provider-refresh"
    assert provider.redirect_uris == [f"{ISSUER}/callback"] * 2
    user = (await auth("GET", "/user", token=session["access_token"])).json()
    assert (user["email"], user["app_metadata"]["providers"]) == (ANN, ["github"])
    assert user["user_metadata"] == {
        "iss": f"{provider.url}/api/v3",
        "sub": "7",
        "provider_id": "7",
        "name": "Ann",
        "full_name": "Ann",
        "user_name": "ann",
        "preferred_username": "ann",
        "avatar_url": USER["avatar_url"],
        "email": ANN,
        "email_verified": True,
        "phone_verified": False,
    }
    claims = jwt.decode(again["access_token"], options={"verify_signature": False})
    assert claims["sub"] == user["id"]
    assert [each["method"] for each in claims["amr"]] == ["oauth"]


async def test_a_client_with_a_challenge_is_given_a_code(
    open_auth: Open, provider: OAuthProvider
) -> None:
    auth = await open_at(open_auth, provider, "github")

    query, fragment = await come_back(auth, await lead(auth, **PKCE))
    exchange = {"auth_code": query["code"], "code_verifier": VERIFIER}
    answer = await auth("POST", "/token?grant_type=pkce", exchange)

    assert fragment == {}
    assert answer.json()["provider_token"] == "provider-token"
    assert answer.json()["user"]["email"] == ANN


@pytest.mark.parametrize("challenge", [{}, PKCE])
async def test_a_state_leads_to_one_session(
    open_auth: Open, provider: OAuthProvider, challenge: Mapping[str, str]
) -> None:
    auth = await open_at(open_auth, provider, "github")
    provider.codes |= {"second", "third"}
    state = await lead(auth, **challenge)
    urls = [f"/callback?state={state}&code={code}" for code in ("good", "second")]

    at_once = await asyncio.gather(*(auth("GET", url) for url in urls))
    later = await auth("GET", f"/callback?state={state}&code=third")

    refused = [a for a in at_once if "error" in a.headers.get("location", "error")]
    assert len(refused) == 1
    assert (later.status_code, later.json()["code"]) == (400, "bad_oauth_state")


async def test_who_signed_up_with_the_address_before_cannot_get_in(
    open_auth: Open, provider: OAuthProvider
) -> None:
    """The password of an address that was not confirmed may be anybody's."""
    auth = await open_at(open_auth, provider, "github")
    body = {"email": ANN, "password": PASSWORD, "data": {"role": "planted"}}
    await auth("POST", "/signup", body)

    _, session = await come_back(auth, await lead(auth))
    user = (await auth("GET", "/user", token=session["access_token"])).json()

    assert (await auth.sign_in()).json()["code"] == "invalid_credentials"
    assert user["app_metadata"]["providers"] == ["github"]
    assert "role" not in user["user_metadata"]
    assert auth.execute("select count(*) from auth.users") == [(1,)]


async def test_a_confirmed_user_keeps_password_and_identity(
    open_auth: Open, provider: OAuthProvider
) -> None:
    auth = await open_at(open_auth, provider, "github", mail=MailConfig())
    user_id = (await auth.sign_up())["user"]["id"]

    _, session = await come_back(auth, await lead(auth))
    user = (await auth("GET", "/user", token=session["access_token"])).json()

    assert user["id"] == user_id
    assert user["app_metadata"]["providers"] == ["email", "github"]
    assert (await auth.sign_in()).status_code == 200


async def test_an_unverified_address_is_confirmed_by_mail(
    open_auth: Open, provider: OAuthProvider
) -> None:
    auth = await open_at(open_auth, provider, "github")
    provider.documents = github(is_verified=False)
    provider.codes |= {"second"}

    query, fragment = await come_back(auth, await lead(auth))
    confirmed = await auth.client.get(auth.link())
    _, session = await come_back(auth, await lead(auth), code="second")

    assert query["error_code"] == "provider_email_needs_verification"
    assert fragment["error_description"].startswith("Unverified email with github.")
    assert "access_token" not in fragment
    assert "access_token" in confirmed.headers["location"]
    assert "access_token" in session


async def test_a_verified_address_confirms_no_other_one(
    open_auth: Open, provider: OAuthProvider
) -> None:
    """Else who has named somebody else's address, and then an own one, is taken for both."""
    auth = await open_at(open_auth, provider, "github")
    provider.codes |= {"second"}
    provider.documents = github(is_verified=False, email="victim@example.com")
    await come_back(auth, await lead(auth))
    provider.documents = github()

    _, session = await come_back(auth, await lead(auth), code="second")

    user = (await auth("GET", "/user", token=session["access_token"])).json()
    assert user["email"] == ANN
    assert auth.execute("select email from auth.users") == [(ANN,)]


async def test_two_identities_of_a_provider_stay_apart(
    open_auth: Open, provider: OAuthProvider
) -> None:
    auth = await open_at(open_auth, provider, "github", mail=MailConfig())
    provider.codes |= {"second", "third"}
    _, session = await come_back(auth, await lead(auth))
    provider.documents["/api/v3/user"] = USER | {"id": 8}
    url = f"/user/identities/authorize?provider=github&redirect_to={SITE}/in"
    answer = await auth("GET", url, token=session["access_token"])
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]
    await come_back(auth, state, code="second")

    await come_back(auth, await lead(auth), code="third")

    found = auth.execute("select provider_id, identity_data ->> 'sub' from auth.identities")
    assert sorted(found) == [("7", "7"), ("8", "8")]


async def test_an_unverified_address_is_not_linked(
    open_auth: Open, provider: OAuthProvider
) -> None:
    auth = await open_at(open_auth, provider, "github", mail=MailConfig())
    await auth.sign_up()
    provider.documents = github(is_verified=False)

    query, _ = await come_back(auth, await lead(auth))

    assert query["error_code"] == "email_exists"
    assert auth.execute("select provider from auth.identities") == [("email",)]


async def test_a_user_links_an_identity_once(open_auth: Open, provider: OAuthProvider) -> None:
    auth = await open_at(open_auth, provider, "github", mail=MailConfig())
    bob = await auth.sign_up("bob@example.com")
    cem = await auth.sign_up("cem@example.com")
    url = f"/user/identities/authorize?provider=github&redirect_to={SITE}/in"
    provider.codes |= {"second", "third"}
    states: list[str] = []
    for session in (bob, bob, cem):
        answer = await auth("GET", url, token=session["access_token"])
        states += parse_qs(urlsplit(answer.headers["location"]).query)["state"]

    _, linked = await come_back(auth, states[0])
    again, _ = await come_back(auth, states[1], code="second")
    other, _ = await come_back(auth, states[2], code="third")

    user = (await auth("GET", "/user", token=linked["access_token"])).json()
    assert (user["id"], user["email"]) == (bob["user"]["id"], "bob@example.com")
    assert user["app_metadata"]["providers"] == ["email", "github"]
    assert again["error_description"] == "Identity is already linked"
    assert other["error_description"] == "Identity is already linked to another user"


async def test_two_users_at_once_cannot_link_one_identity(
    open_auth: Open, provider: OAuthProvider
) -> None:
    auth = await open_at(open_auth, provider, "github", mail=MailConfig())
    url = f"/user/identities/authorize?provider=github&redirect_to={SITE}/in"
    provider.codes |= {str(number) for number in range(6)}
    states: list[str] = []
    for number in range(6):
        user = await auth.sign_up(f"{number}@example.com")
        answer = await auth("GET", url, token=user["access_token"])
        states += parse_qs(urlsplit(answer.headers["location"]).query)["state"]

    back = (come_back(auth, state, code=str(number)) for number, state in enumerate(states))
    answers = await asyncio.gather(*back)

    errors = [query.get("error_code") for query, _ in answers]
    assert errors.count(None) == 1
    assert errors.count("identity_already_exists") == 5
    assert auth.execute("select count(*) from auth.identities where provider = 'github'") == [(1,)]


async def test_an_anonymous_user_becomes_the_providers(
    open_auth: Open, provider: OAuthProvider
) -> None:
    auth = await open_at(open_auth, provider, "github", anonymous_enabled=True)
    guest = (await auth("POST", "/signup", {})).json()
    url = f"/user/identities/authorize?provider=github&redirect_to={SITE}/in"
    answer = await auth("GET", url, token=guest["access_token"])
    state = parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]

    _, session = await come_back(auth, state)

    claims = jwt.decode(session["access_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["email"]) == (guest["user"]["id"], ANN)
    assert claims["is_anonymous"] is False


@pytest.mark.parametrize(
    ("documents", "query", "error"),
    [
        (github(), {"error": "access_denied", "error_description": "No."}, "No."),
        (github(), {"nothing": "1"}, "OAuth callback with missing authorization code missing"),
        (github(), {"code": "bad"}, "Unable to exchange external code: bad"),
        ({}, {"code": "good"}, "Error getting user profile from external provider"),
        (
            {"/api/v3/user": USER | {"id": None}, "/api/v3/user/emails": []},
            {"code": "good"},
            "Error getting user profile from external provider",
        ),
        (
            {"/api/v3/user": b"[1", "/api/v3/user/emails": []},
            {"code": "good"},
            "Error getting user profile from external provider",
        ),
        (
            {"/api/v3/user": USER, "/api/v3/user/emails": "none"},
            {"code": "good"},
            "Error getting user profile from external provider",
        ),
        (
            {"/api/v3/user": USER, "/api/v3/user/emails": b" " * (1 << 20)},
            {"code": "good"},
            "Error getting user profile from external provider",
        ),
        (
            {"/api/v3/user": USER, "/api/v3/user/emails": []},
            {"code": "good"},
            "Error getting user email from external provider",
        ),
    ],
)
async def test_what_goes_wrong_is_said_where_the_flow_began(
    open_auth: Open,
    provider: OAuthProvider,
    documents: dict[str, Any],
    query: dict[str, str],
    error: str,
) -> None:
    auth = await open_at(open_auth, provider, "github")
    provider.documents = documents

    in_query, in_fragment = await come_back(auth, await lead(auth), **query)

    assert in_query["error_description"] == in_fragment["error_description"] == error
    assert auth.execute("select count(*) from auth.users") == [(0,)]


@pytest.mark.parametrize("state", ["", "x", "8d33db1d-d9c4-4c09-9f32-8ce957d98186"])
async def test_a_state_that_is_not_ours_is_refused(auth: Auth, state: str) -> None:
    for method in ("GET", "POST"):
        answer = await auth(method, f"/callback?state={state}&code=good")
        assert answer.status_code == 400


async def test_a_state_dies_after_some_minutes(open_auth: Open, provider: OAuthProvider) -> None:
    auth = await open_at(open_auth, provider, "github", flow_state_seconds=-1)

    answer = await auth("GET", f"/callback?state={await lead(auth)}&code=good")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_oauth_state")


async def test_a_provider_may_post_its_answer(open_auth: Open, provider: OAuthProvider) -> None:
    auth = await open_at(open_auth, provider, "github")
    form = {"state": await lead(auth), "code": "good"}

    answer = await auth.client.post("/callback", data=form)

    assert answer.status_code == 302
    assert "access_token=" in answer.headers["location"]
