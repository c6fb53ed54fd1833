"""Sign-up: the token response, and the errors."""

import asyncio
import time

import jwt
import pytest

from edge.emulator.auth import password
from tests.support.auth_service import ISSUER, PASSWORD, SECRET, Auth


async def test_a_new_person_is_signed_in_at_once(auth: Auth) -> None:
    answer = await auth.sign_up("Ann@Example.com", data={"name": "Ann"})
    user = answer["user"]

    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 3600)
    assert abs(answer["expires_at"] - time.time() - 3600) < 60
    assert (user["email"], user["role"], user["aud"]) == (
        "ann@example.com",
        "authenticated",
        "authenticated",
    )
    assert user["app_metadata"] == {"provider": "email", "providers": ["email"]}
    assert user["user_metadata"]["name"] == "Ann"
    assert user["user_metadata"]["email_verified"] is True
    assert user["email_confirmed_at"].endswith("Z")
    assert user["last_sign_in_at"].endswith("Z")
    (identity,) = user["identities"]
    assert (identity["provider"], identity["id"], identity["user_id"]) == (
        "email",
        user["id"],
        user["id"],
    )


async def test_the_access_token_says_who_and_how(auth: Auth) -> None:
    answer = await auth.sign_up()
    claims = jwt.decode(answer["access_token"], SECRET, ["HS256"], audience="authenticated")

    assert claims["iss"] == ISSUER
    assert claims["sub"] == answer["user"]["id"]
    assert (claims["role"], claims["aal"], claims["is_anonymous"]) == (
        "authenticated",
        "aal1",
        False,
    )
    assert claims["amr"][0]["method"] == "password"
    assert auth.execute("select id::text from auth.sessions") == [(claims["session_id"],)]


@pytest.mark.parametrize("hash_cost", [password._COST])
async def test_passwords_are_kept_as_bcrypt_hashes_only(auth: Auth) -> None:
    await auth.sign_up()
    ((stored,),) = auth.execute("select encrypted_password from auth.users")

    assert stored.startswith("$2b$10$")
    assert PASSWORD not in stored


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "no-address", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": "a@b\n", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": f"{'a' * 250}@b.com", "password": PASSWORD}, 400, "validation_failed"),
        ({"email": "a@b.com"}, 400, "validation_failed"),
        ({"email": "a@b.com", "password": "x" * 73}, 400, "validation_failed"),
        ({"email": "a@b.com", "password": "short"}, 422, "weak_password"),
        ({"phone": "4912345", "password": PASSWORD}, 400, "phone_provider_disabled"),
        ({}, 422, "anonymous_provider_disabled"),
        ({"email": 5, "password": PASSWORD}, 400, "bad_json"),
        ({"email": "a@b.com", "password": PASSWORD, "data": {"x": "\0"}}, 400, "validation_failed"),
        ([], 400, "bad_json"),
    ],
)
async def test_what_is_no_sign_up_is_refused(
    auth: Auth, body: object, status: int, code: str
) -> None:
    answer = await auth("POST", "/signup", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert auth.execute("select count(*) from auth.users") == [(0,)]


async def test_an_address_has_one_account_whatever_its_case(auth: Auth) -> None:
    await auth.sign_up("ann@example.com")

    again = await auth("POST", "/signup", {"email": "ANN@example.com", "password": PASSWORD})

    assert (again.status_code, again.json()["code"]) == (422, "user_already_exists")
    assert again.json()["message"] == "User already registered"


async def test_of_two_at_once_one_gets_the_address(auth: Auth) -> None:
    body = {"email": "ann@example.com", "password": PASSWORD}
    answers = await asyncio.gather(*(auth("POST", "/signup", body) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]


async def test_a_weak_password_says_why(auth: Auth) -> None:
    answer = await auth("POST", "/signup", {"email": "a@b.com", "password": "short"})

    assert answer.json() == {
        "code": "weak_password",
        "message": "Password should be at least 6 characters.",
        "weak_password": {"reasons": ["length"]},
    }


async def test_a_huge_body_is_not_read_to_its_end(auth: Auth) -> None:
    answer = await auth("POST", "/signup", {"email": "a@b.com", "data": {"x": "y" * (1 << 20)}})

    assert (answer.status_code, answer.json()["code"]) == (413, "request_entity_too_large")
