"""Sessions: signing in, the chain of refresh tokens, and what breaks it."""

import asyncio

import pytest

from edge.emulator.auth.config import RateLimits, SessionConfig
from tests.support.auth_service import Auth, Open


async def test_the_right_password_opens_a_session_of_its_own(auth: Auth) -> None:
    first = await auth.sign_up()
    second = (await auth.sign_in("ANN@example.com")).json()

    assert second["user"]["id"] == first["user"]["id"]
    assert second["refresh_token"] != first["refresh_token"]
    assert auth.execute("select count(*) from auth.sessions") == [(2,)]


@pytest.mark.parametrize(
    ("email", "password"), [("ann@example.com", "wrong"), ("bob@example.com", "correct horse")]
)
async def test_a_wrong_password_and_a_wrong_name_look_alike(
    auth: Auth, email: str, password: str
) -> None:
    await auth.sign_up()

    answer = await auth.sign_in(email, password)

    assert answer.status_code == 400
    assert answer.json() == {"code": "invalid_credentials", "message": "Invalid login credentials"}
    assert answer.headers["x-sb-error-code"] == "invalid_credentials"
    assert answer.headers["x-supabase-api-version"] == "2024-01-01"


async def test_without_a_version_errors_have_the_older_shape(auth: Auth) -> None:
    answer = await auth.client.post("/token?grant_type=password", json={"email": "a@b.com"})

    assert answer.json() == {
        "code": 400,
        "error_code": "invalid_credentials",
        "msg": "Invalid login credentials",
    }


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        ("grant_type=password", {}, "validation_failed"),
        ("grant_type=password", {"email": "a@b.com", "phone": "49"}, "validation_failed"),
        ("grant_type=refresh_token", {}, "validation_failed"),
        ("grant_type=refresh_token", {"refresh_token": "unknown"}, "validation_failed"),
        ("grant_type=refresh_token", {"refresh_token": "unknown12345"}, "refresh_token_not_found"),
        ("grant_type=magic", {}, "invalid_credentials"),
        ("", {}, "invalid_credentials"),
    ],
)
async def test_grants_that_are_none(auth: Auth, query: str, body: object, code: str) -> None:
    answer = await auth("POST", f"/token?{query}", body)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_a_password_of_a_user_without_one_fits_nothing(auth: Auth) -> None:
    auth.execute("insert into auth.users (id, email) values (gen_random_uuid(), 'ann@example.com')")

    answer = await auth.sign_in("ann@example.com", "")

    assert answer.json()["code"] == "invalid_credentials"


async def test_each_refresh_replaces_the_token(auth: Auth) -> None:
    first = await auth.sign_up()
    second = (await auth.refresh(first["refresh_token"])).json()
    third = (await auth.refresh(second["refresh_token"])).json()

    assert third["user"]["id"] == first["user"]["id"]
    assert len({grant["refresh_token"] for grant in (first, second, third)}) == 3
    assert auth.execute("select revoked, parent is null from auth.refresh_tokens order by id") == [
        (True, True),
        (True, False),
        (False, False),
    ]
    assert auth.execute("select count(*) from auth.sessions") == [(1,)]


async def test_a_lost_response_can_be_requested_again(open_auth: Open) -> None:
    """However late: the successor was never used, so it was not stolen."""
    auth = await open_auth(sessions=SessionConfig(reuse_seconds=0))
    first = await auth.sign_up()
    lost = (await auth.refresh(first["refresh_token"])).json()

    again = (await auth.refresh(first["refresh_token"])).json()

    assert again["refresh_token"] == lost["refresh_token"]


async def test_a_token_used_again_ends_the_session_for_thief_and_owner(open_auth: Open) -> None:
    auth = await open_auth(sessions=SessionConfig(reuse_seconds=0))
    stolen = (await auth.sign_up())["refresh_token"]
    second = (await auth.refresh(stolen)).json()["refresh_token"]
    third = (await auth.refresh(second)).json()["refresh_token"]

    reused = await auth.refresh(stolen)
    owner = await auth.refresh(third)

    assert (reused.status_code, reused.json()["code"]) == (400, "refresh_token_already_used")
    assert reused.json()["message"] == "Invalid Refresh Token: Already Used"
    assert owner.json()["code"] == "refresh_token_already_used"


async def test_shortly_after_a_token_may_be_used_again(auth: Auth) -> None:
    """Two tabs of a browser refresh at the same time."""
    stale = (await auth.sign_up())["refresh_token"]
    second = (await auth.refresh(stale)).json()["refresh_token"]
    await auth.refresh(second)

    assert (await auth.refresh(stale)).status_code == 200


async def test_refreshes_at_once_agree_on_one_successor(auth: Auth) -> None:
    token = (await auth.sign_up())["refresh_token"]

    answers = await asyncio.gather(*(auth.refresh(token) for _ in range(5)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1


async def test_a_banned_user_neither_signs_in_nor_refreshes(auth: Auth) -> None:
    grant = await auth.sign_up()
    await auth.admin("PUT", f"/admin/users/{grant['user']['id']}", {"ban_duration": "1h"})

    signed_in, refreshed = await auth.sign_in(), await auth.refresh(grant["refresh_token"])

    assert (signed_in.json()["code"], refreshed.json()["code"]) == ("user_banned", "user_banned")


async def test_passwords_cannot_be_guessed_without_end(open_auth: Open) -> None:
    auth = await open_auth()
    await auth.sign_up()

    guesses = [await auth.sign_in("ann@example.com", f"guess {n}") for n in range(31)]

    assert [answer.status_code for answer in guesses] == [400] * 30 + [429]
    assert guesses[-1].json()["code"] == "over_request_rate_limit"
    assert (await auth.sign_in("ann@example.com")).status_code == 429  # nor the right one now
    assert (await auth.sign_in("bob@example.com")).status_code == 400  # another account


async def test_guesses_at_once_count_too(open_auth: Open) -> None:
    auth = await open_auth()
    await auth.sign_up()

    guesses = await asyncio.gather(
        *(auth.sign_in("ann@example.com", f"guess {n}") for n in range(50))
    )

    assert sorted(answer.status_code for answer in guesses) == [400] * 30 + [429] * 20


async def test_who_succeeds_is_not_limited(open_auth: Open) -> None:
    auth = await open_auth()
    await auth.sign_up()

    assert {(await auth.sign_in("ann@example.com")).status_code for _ in range(40)} == {200}


async def test_guesses_are_not_limited_where_limits_are_off(open_auth: Open) -> None:
    auth = await open_auth(rate_limits=RateLimits(attempts=False))

    answers = [await auth.sign_in("ann@example.com", "wrong") for _ in range(35)]

    assert {answer.status_code for answer in answers} == {400}


async def test_codes_cannot_be_guessed_without_end(open_auth: Open) -> None:
    auth = await open_auth()
    await auth.sign_up()
    body = {"type": "email", "email": "ann@example.com"}

    answers = [await auth("POST", "/verify", {**body, "token": f"{n:06}"}) for n in range(31)]

    assert [answer.status_code for answer in answers] == [403] * 30 + [429]
