"""What each OAuth provider's documents say of a user, asked over HTTP."""

from typing import Any

import jwt
import pytest

from edge.emulator.auth.config import ProviderConfig
from edge.emulator.auth.exchange import exchange_code
from edge.emulator.auth.providers import OAUTH_PROVIDERS, Documents
from tests.support.oauth_provider import CLIENT_ID, CLIENT_SECRET, oauth_provider

PICTURE = "https://pictures.example/ann.png"
ANN = {"email": "ann@example.com", "email_verified": True}
FIGMA = {"id": "7", "email": "Ann@Example.com", "handle": "Ann", "img_url": PICTURE}
OIDC = {"sub": "7", "name": "Ann", "picture": PICTURE, **ANN}
NAMED = {"id": "7", "name": "Ann", "avatar_url": PICTURE}
SLACK = {"https://slack.com/user_id": "7", "https://slack.com/team_id": "T", "name": "Ann"}
ZOOM = {"id": "7", "first_name": "Ann", "last_name": "Lee", "email": "ann@example.com"}
KAKAO = {"nickname": "Ann", "profile_image_url": PICTURE}
DISCORD = {"id": "7", "username": "Ann", "discriminator": "6", "email": "ann@example.com"}
NEW = {"email": "new@example.com", "confirmed_at": "2026-01-01"}

CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "bitbucket",
        {
            "/2.0/user": {
                "uuid": "{7}",
                "display_name": "Ann",
                "links": {"avatar": {"href": PICTURE}},
            },
            "/2.0/user/emails": {
                "values": [
                    {"email": "ann@example.com", "is_primary": True, "is_confirmed": True},
                    {"email": "old@example.com", "is_primary": False, "is_confirmed": True},
                ]
            },
        },
        {"sub": "{7}", "name": "Ann", "avatar_url": PICTURE, **ANN},
    ),
    (
        "discord",
        {"/api/users/@me": {**DISCORD, "verified": True, "avatar": "a_1"}},
        {
            "name": "Ann#6",
            "full_name": "Ann",
            "avatar_url": "https://cdn.discordapp.com/avatars/7/a_1.gif",
            **ANN,
        },
    ),
    (
        "discord",
        {"/api/users/@me": {**DISCORD, "verified": False, "avatar": None}},
        {
            "picture": "https://cdn.discordapp.com/embed/avatars/1.png",
            "email_verified": False,
        },
    ),
    (
        "facebook",
        {
            "/me": {
                "id": "7",
                "name": "Ann",
                "email": "ann@example.com",
                "picture": {"data": {"url": PICTURE}},
            }
        },
        {"name": "Ann", "picture": PICTURE, **ANN},
    ),
    ("figma", {"/v1/me": FIGMA}, {"name": "Ann", "picture": PICTURE, **ANN}),
    (
        "fly",
        {"/oauth/token/info": {"user_id": "7", "user_name": "Ann", "email": "ann@example.com"}},
        {"name": "Ann", **ANN},
    ),
    (
        "gitlab",
        {
            "/api/v4/user": {**NAMED, "id": 7, "email": "ann@example.com", "confirmed_at": "now"},
            "/api/v4/user/emails": [NEW],
        },
        {"name": "Ann", "picture": PICTURE, **ANN},
    ),
    (
        "gitlab",
        {"/api/v4/user": {**NAMED, "id": 7}, "/api/v4/user/emails": [NEW]},
        {"email": "new@example.com", "email_verified": True},
    ),
    (
        "kakao",
        {
            "/v2/user/me": {
                "id": 7,
                "kakao_account": {
                    "profile": KAKAO,
                    "email": "ann@example.com",
                    "is_email_valid": True,
                    "is_email_verified": True,
                },
            }
        },
        {"preferred_username": "Ann", "picture": PICTURE, **ANN},
    ),
    ("keycloak", {"/protocol/openid-connect/userinfo": OIDC}, {"name": "Ann", **ANN}),
    ("linkedin_oidc", {"/v2/userinfo": OIDC}, {"name": "Ann", "picture": PICTURE, **ANN}),
    (
        "notion",
        {
            "/v1/users/me": {
                "bot": {"owner": {"user": {**NAMED, "person": {"email": "ann@example.com"}}}}
            }
        },
        {"name": "Ann", "picture": PICTURE, **ANN},
    ),
    (
        "slack_oidc",
        {"/api/openid.connect.userInfo": {**SLACK, "email": "ann@example.com"}},
        {"name": "Ann", "custom_claims": {"https://slack.com/team_id": "T"}, **ANN},
    ),
    (
        "spotify",
        {
            "/v1/me": {
                "id": "7",
                "display_name": "Ann",
                "email": "ann@example.com",
                "images": [{"url": PICTURE}],
            }
        },
        {"name": "Ann", "picture": PICTURE, "email_verified": False},
    ),
    (
        "twitch",
        {"/helix/users": {"data": [{"id": "7", "login": "ann", "email": "ann@example.com"}]}},
        {"name": "ann", **ANN},
    ),
    (
        "zoom",
        {"/v2/users/me": {**ZOOM, "verified": 1, "pic_url": PICTURE}},
        {"name": "Ann Lee", "picture": PICTURE, **ANN},
    ),
]


def config_at(url: str) -> ProviderConfig:
    return ProviderConfig(enabled=True, client_id=CLIENT_ID, secret=CLIENT_SECRET, url=url)


@pytest.mark.parametrize(("name", "documents", "expected"), CASES)
async def test_a_user_is_described_by_the_documents(
    name: str, documents: dict[str, Any], expected: dict[str, Any]
) -> None:
    with oauth_provider(OAUTH_PROVIDERS[name].token) as provider:
        provider.documents = documents
        found = await exchange_code(name, config_at(provider.url), "good", "http://back")

    assert (found.access_token, found.refresh_token) == ("provider-token", "provider-refresh")
    profile = found.profile
    assert (profile.provider, profile.subject.strip("{}")) == (name, "7")
    assert expected.items() <= profile.data.items()
    assert profile.is_verified is profile.data["email_verified"]


@pytest.mark.parametrize(
    ("claims", "is_verified"), [({}, True), ({"xms_edov": False}, False), ({"xms_edov": "1"}, True)]
)
async def test_azure_describes_a_user_by_an_id_token(
    claims: dict[str, Any], *, is_verified: bool
) -> None:
    issued = {"sub": "7", "aud": CLIENT_ID, "name": "Ann", "email": "ann@example.com", **claims}
    with oauth_provider("/oauth2/v2.0/token") as provider:
        provider.token["id_token"] = jwt.encode(issued, "x" * 32, "HS256")
        found = await exchange_code("azure", config_at(provider.url), "good", "http://back")

    assert (found.profile.subject, found.profile.is_verified) == ("7", is_verified)


@pytest.mark.parametrize("claims", [{"aud": "another"}, {"aud": CLIENT_ID, "exp": 1}])
async def test_an_id_token_for_another_client_or_another_time_is_refused(
    claims: dict[str, Any],
) -> None:
    with oauth_provider("/oauth2/v2.0/token") as provider:
        provider.token["id_token"] = jwt.encode({"sub": "7", **claims}, "x" * 32, "HS256")
        with pytest.raises(Exception, match="Error getting user profile"):
            await exchange_code("azure", config_at(provider.url), "good", "http://back")


def test_google_describes_a_user() -> None:
    profile = {"id": "7", "name": "Ann", "email": "ann@example.com", "verified_email": True}
    claims = OAUTH_PROVIDERS["google"].read(Documents(profile))
    assert (claims["sub"], claims["email"], claims["email_verified"]) == (
        "7",
        "ann@example.com",
        True,
    )
