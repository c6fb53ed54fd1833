"""What anyone may ask, what is not served, and a database that is away."""

import httpx
from starlette.applications import Starlette

from edge.emulator.auth.app import create_auth_app, create_pool
from edge.emulator.auth.config import AuthConfig
from edge.signing import SigningKeys
from tests.support.auth_service import ISSUER, SECRET, Auth


async def test_health_settings_and_keys_are_public(auth: Auth) -> None:
    health, settings = await auth("GET", "/health"), await auth("GET", "/settings")

    assert health.json()["name"] == "GoTrue"
    assert settings.json()["external"]["email"] is True
    assert settings.json()["mailer_autoconfirm"] is True
    assert (await auth("GET", "/.well-known/jwks.json")).json() == {"keys": []}


async def test_what_is_not_served_says_so(auth: Auth) -> None:
    unknown = await auth("POST", "/scim/v2/Schemas")
    verb = await auth("DELETE", "/signup")

    assert (unknown.status_code, unknown.json()["code"]) == (404, "EDGE_NOT_SERVED")
    assert unknown.json()["message"] == "POST /scim/v2/Schemas is not served locally"
    assert (verb.status_code, verb.headers["allow"], verb.content) == (405, "POST", b"")


async def test_a_wrong_method_is_told_to_users_only(auth: Auth) -> None:
    token = (await auth.sign_up())["access_token"]

    assert (await auth("GET", "/factors")).status_code == 401
    assert (await auth("GET", "/factors", token=token)).status_code == 405


async def test_a_link_scanner_s_head_does_not_redeem_a_link(auth: Auth) -> None:
    assert (await auth("HEAD", "/verify?token=x&type=signup")).status_code == 405


async def test_a_full_disk_is_named(auth: Auth) -> None:
    auth.execute(
        "create function auth.fill() returns trigger language plpgsql as $$ begin"
        " raise exception using errcode = '53100', message = 'could not extend file'; end $$"
    )
    auth.execute(
        "create trigger fill before insert on auth.users for each row execute function auth.fill()"
    )
    answer = await auth("POST", "/signup", {"email": "a@b.com", "password": "password1"})

    assert answer.status_code == 503
    assert "disk of the database is full" in answer.text


def nowhere() -> Starlette:
    pool = create_pool("host=/nowhere user=nobody dbname=none")
    return create_auth_app(pool, AuthConfig(SigningKeys(SECRET), ISSUER))


async def test_without_a_database_clients_get_a_retryable_503() -> None:
    transport = httpx.ASGITransport(nowhere())
    async with httpx.AsyncClient(transport=transport, base_url="http://auth") as client:
        answer = await client.post(
            "/token?grant_type=refresh_token", json={"refresh_token": "abcdefghijkl"}
        )

    assert (answer.status_code, answer.json()["error_code"]) == (503, "unexpected_failure")
