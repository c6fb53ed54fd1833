"""The signed-in user: reading, changing and leaving, and tokens that must not be trusted."""

from typing import Any

import pytest

from edge.tokens import mint
from tests.support.auth_service import PASSWORD, SECRET, Auth

UNKNOWN_ID = "5f0c2a4e-8d3b-4a6e-9c1f-2b7d8e9f0a1b"


async def test_a_token_shows_its_user(auth: Auth) -> None:
    grant = await auth.sign_up()

    user = (await auth("GET", "/user", token=grant["access_token"])).json()
    assert user.pop("confirmed_at") == user["email_confirmed_at"]
    assert {**user, "identities": []} == {**grant["user"], "identities": []}
    assert user["identities"][0]["identity_id"] == grant["user"]["identities"][0]["identity_id"]


UNTRUSTED: dict[str, tuple[str | None, int, str, str]] = {
    "none": (None, 401, "no_authorization", "requires a valid Bearer token"),
    "nonsense": ("nonsense", 403, "bad_jwt", "malformed"),
    "another key": (mint("x" * 40, "authenticated"), 403, "bad_jwt", "signature is invalid"),
    "expired": (mint(SECRET, "authenticated", exp=1), 403, "bad_jwt", "expired"),
    "a project's key": (mint(SECRET, "anon"), 403, "bad_jwt", "missing sub claim"),
    "no id": (mint(SECRET, "authenticated", sub="me"), 400, "bad_jwt", "must be a UUID"),
    "unknown": (
        mint(SECRET, "authenticated", sub=UNKNOWN_ID),
        403,
        "user_not_found",
        "does not exist",
    ),
}


@pytest.mark.parametrize("name", UNTRUSTED)
async def test_tokens_that_are_not_trusted(auth: Auth, name: str) -> None:
    token, status, code, words = UNTRUSTED[name]

    answer = await auth("GET", "/user", token=token)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert words in answer.json()["message"]


async def test_metadata_is_merged_and_null_removes(auth: Auth) -> None:
    token = (await auth.sign_up(data={"name": "Ann", "city": "Ulm"}))["access_token"]

    answer = await auth("PUT", "/user", {"data": {"city": None, "team": "red"}}, token)

    metadata: dict[str, Any] = answer.json()["user_metadata"]
    assert (metadata["name"], metadata["team"], "city" in metadata) == ("Ann", "red", False)


async def test_a_new_password_replaces_the_old_and_ends_the_other_sessions(auth: Auth) -> None:
    elsewhere = await auth.sign_up()
    token = (await auth.sign_in()).json()["access_token"]

    answer = await auth("PUT", "/user", {"password": "another one"}, token)

    assert answer.status_code == 200
    assert (await auth.sign_in(password=PASSWORD)).status_code == 400
    assert (await auth.sign_in(password="another one")).status_code == 200
    ended = await auth("GET", "/user", token=elsewhere["access_token"])
    assert ended.json()["code"] == "session_not_found"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email": "bob@example.com"}, "email_exists"),
        ({"email": "nobody"}, "validation_failed"),
        ({"password": PASSWORD}, "same_password"),
        ({"password": "short"}, "weak_password"),
        ({"phone": "not a number"}, "validation_failed"),
        ({"app_metadata": {"team": "red"}}, "not_admin"),
    ],
)
async def test_changes_that_are_refused(auth: Auth, change: object, code: str) -> None:
    await auth.sign_up("bob@example.com")
    token = (await auth.sign_up())["access_token"]

    answer = await auth("PUT", "/user", change, token)

    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    ("scope", "remaining"), [("local", "other"), ("others", "own"), ("global", ""), ("", "")]
)
async def test_signing_out_ends_the_sessions_of_its_scope(
    auth: Auth, scope: str, remaining: str
) -> None:
    grants = {"other": await auth.sign_up(), "own": (await auth.sign_in()).json()}

    answer = await auth("POST", f"/logout?scope={scope}", token=grants["own"]["access_token"])

    assert (answer.status_code, answer.content) == (204, b"")
    alive = [
        name
        for name, grant in grants.items()
        if (await auth("GET", "/user", token=grant["access_token"])).status_code == 200
    ]
    assert alive == [name for name in [remaining] if name]
    refreshed = {
        name: (await auth.refresh(grant["refresh_token"])).status_code
        for name, grant in grants.items()
    }
    assert [name for name, status in refreshed.items() if status == 200] == alive


async def test_an_unknown_scope_is_refused(auth: Auth) -> None:
    token = (await auth.sign_up())["access_token"]

    answer = await auth("POST", "/logout?scope=planet", token=token)

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")


async def test_another_users_session_stays(auth: Auth) -> None:
    bob = await auth.sign_up("bob@example.com")
    ann = await auth.sign_up()

    await auth("POST", "/logout?scope=global", token=ann["access_token"])

    assert (await auth("GET", "/user", token=bob["access_token"])).status_code == 200
