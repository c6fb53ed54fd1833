"""Users are managed with the project's secret key only."""

from uuid import uuid4

import bcrypt
import pytest

from edge.tokens import mint
from tests.support.auth_service import SECRET, Auth

UNKNOWN_ID = "5f0c2a4e-8d3b-4a6e-9c1f-2b7d8e9f0a1b"


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "/admin/users"),
        ("GET", "/admin/users"),
        ("GET", f"/admin/users/{UNKNOWN_ID}"),
        ("PUT", f"/admin/users/{UNKNOWN_ID}"),
        ("DELETE", f"/admin/users/{UNKNOWN_ID}"),
    ],
)
async def test_only_the_secret_key_is_an_administrator(auth: Auth, method: str, url: str) -> None:
    person = (await auth.sign_up())["access_token"]
    answers = [await auth(method, url, {}, token) for token in (person, mint(SECRET, "anon"), None)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (403, "not_admin"),
        (403, "not_admin"),
        (401, "no_authorization"),
    ]


async def test_a_created_user_signs_in(auth: Auth) -> None:
    wanted = {
        "email": "Bob@example.com",
        "password": "correct horse",
        "email_confirm": True,
        "user_metadata": {"name": "Bob"},
        "app_metadata": {"team": "red"},
    }
    user = (await auth.admin("POST", "/admin/users", wanted)).json()

    assert user["app_metadata"] == {"provider": "email", "providers": ["email"], "team": "red"}
    assert user["user_metadata"]["name"] == "Bob"
    assert (await auth.sign_in("bob@example.com")).json()["user"]["id"] == user["id"]


async def test_an_unconfirmed_address_cannot_sign_in_until_confirmed(auth: Auth) -> None:
    wanted = {"email": "bob@example.com", "password": "correct horse"}
    user = (await auth.admin("POST", "/admin/users", wanted)).json()
    before = await auth.sign_in("bob@example.com")
    await auth.admin("PUT", f"/admin/users/{user['id']}", {"email_confirm": True})

    assert before.json()["code"] == "email_not_confirmed"
    assert (await auth.sign_in("bob@example.com")).status_code == 200


async def test_an_account_moves_here_with_its_id_and_its_hash(auth: Auth) -> None:
    user_id = str(uuid4())
    password_hash = bcrypt.hashpw(b"from elsewhere", bcrypt.gensalt(4)).decode()
    wanted = {"id": user_id, "email": "bob@example.com", "email_confirm": True}

    await auth.admin("POST", "/admin/users", {**wanted, "password_hash": password_hash})

    signed_in = await auth.sign_in("bob@example.com", "from elsewhere")
    assert signed_in.json()["user"]["id"] == user_id


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"email": "ann@example.com"}, 422, "email_exists"),
        ({}, 400, "validation_failed"),
        ({"phone": "no number"}, 400, "validation_failed"),
        ({"email": "a@b.com", "password": "x" * 73}, 400, "validation_failed"),
        ({"email": "a@b.com", "password": "x", "password_hash": "y"}, 400, "validation_failed"),
        ({"email": "a@b.com", "password_hash": "plain"}, 400, "validation_failed"),
        ({"email": "a@b.com", "ban_duration": "a while"}, 400, "validation_failed"),
        ({"email": "a@b.com", "id": "7"}, 400, "validation_failed"),
    ],
)
async def test_accounts_that_cannot_be(auth: Auth, wanted: object, status: int, code: str) -> None:
    await auth.sign_up()

    answer = await auth.admin("POST", "/admin/users", wanted)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_listing_comes_in_pages(auth: Auth) -> None:
    for number in range(5):
        await auth.admin("POST", "/admin/users", {"email": f"{number}@example.com"})

    first = await auth.admin("GET", "/admin/users?page=&per_page=2")
    last = await auth.admin("GET", "/admin/users?page=3&per_page=2")

    assert [user["email"] for user in first.json()["users"]] == ["4@example.com", "3@example.com"]
    assert [user["email"] for user in last.json()["users"]] == ["0@example.com"]
    assert first.headers["x-total-count"] == "5"
    assert first.headers["link"] == (
        '</admin/users?page=2&per_page=2>; rel="next", </admin/users?page=3&per_page=2>; rel="last"'
    )
    assert 'rel="next"' not in last.headers["link"]


@pytest.mark.parametrize("query", ["per_page=-1", "page=x", "page=99999999999"])
async def test_pages_that_are_none(auth: Auth, query: str) -> None:
    assert (await auth.admin("GET", f"/admin/users?{query}")).status_code == 400


async def test_a_changed_role_is_in_the_next_token(auth: Auth) -> None:
    user_id = (await auth.sign_up())["user"]["id"]

    answer = await auth.admin("PUT", f"/admin/users/{user_id}", {"role": "service_desk"})

    assert answer.json()["role"] == "service_desk"
    assert (await auth.sign_in()).json()["user"]["role"] == "service_desk"


async def test_a_deleted_user_is_gone_with_all_that_is_theirs(auth: Auth) -> None:
    grant = await auth.sign_up()
    url = f"/admin/users/{grant['user']['id']}"

    deleted = await auth.admin("DELETE", url)

    assert (deleted.status_code, deleted.json()) == (200, {})
    assert (await auth.admin("GET", url)).json()["code"] == "user_not_found"
    assert (await auth.admin("DELETE", url)).status_code == 404
    gone = await auth("GET", "/user", token=grant["access_token"])
    assert gone.json()["code"] == "user_not_found"
    for table in ("users", "identities", "sessions", "refresh_tokens"):
        assert auth.execute(f"select count(*) from auth.{table}") == [(0,)]


async def test_a_soft_deletion_keeps_the_row_and_frees_the_address(auth: Auth) -> None:
    user_id = (await auth.sign_up())["user"]["id"]

    await auth.admin("DELETE", f"/admin/users/{user_id}", {"should_soft_delete": True})

    assert (await auth.sign_in()).json()["code"] == "invalid_credentials"
    assert (await auth.sign_up())["user"]["id"] != user_id
    ((kept,),) = auth.execute(
        "select to_jsonb(u)::text from auth.users u where deleted_at is not null"
    )
    assert "ann@" not in kept
    assert auth.execute("select count(*) from auth.identities where email is null") == [(1,)]


async def test_an_id_that_is_none(auth: Auth) -> None:
    answer = await auth.admin("GET", "/admin/users/7")

    assert (answer.status_code, answer.json()["code"]) == (404, "validation_failed")
