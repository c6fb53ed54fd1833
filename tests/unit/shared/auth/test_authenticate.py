"""Every mode against every kind of credential."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.auth.authenticate import Mode, authenticate
from shared.auth.credentials import read_credentials
from shared.errors import ConfigurationError, UnauthorizedError, UnavailableError
from tests.unit.shared.conftest import USER, Project

ANY: tuple[Mode, ...] = ("user", "secret")


def bearer(token: str, apikey: str | None = None) -> dict[str, str]:
    headers = {"authorization": f"Bearer {token}"}
    return {**headers, "apikey": apikey} if apikey else headers


async def mode_of(project: Project, headers: dict[str, str], *modes: Mode) -> Mode:
    return (await authenticate(modes, read_credentials(headers), project.env)).mode


async def test_a_users_token_is_a_user(project: Project) -> None:
    for token in (project.token(), project.signed()):
        principal = await authenticate(ANY, read_credentials(bearer(token)), project.env)

        assert principal.mode == "user"
        assert principal.user_id == USER
        assert principal.token == token


async def test_a_user_is_found_beside_the_api_key_that_clients_always_send(
    project: Project,
) -> None:
    headers = bearer(project.token(), apikey="sb_publishable_a")

    assert await mode_of(project, headers, "user", "secret") == "user"


@pytest.mark.parametrize("name", ["sb_secret_a", "legacy"])
async def test_a_secret_key_is_the_service_wherever_it_stands(project: Project, name: str) -> None:
    key = project.legacy("service_role") if name == "legacy" else name

    assert await mode_of(project, {"apikey": key}, *ANY) == "secret"
    assert await mode_of(project, bearer(key), *ANY) == "secret"
    assert await mode_of(project, bearer(key, apikey=key), *ANY) == "secret"


async def test_a_verified_service_role_token_is_the_service(project: Project) -> None:
    token = project.token(role="service_role", sub=None)

    assert await mode_of(project, bearer(token), *ANY) == "secret"


@pytest.mark.parametrize("key", ["sb_publishable_a", "legacy"])
async def test_a_publishable_key_opens_only_what_says_so(project: Project, key: str) -> None:
    key = project.legacy("anon") if key == "legacy" else key

    assert await mode_of(project, bearer(key, apikey=key), "publishable") == "publishable"
    with pytest.raises(UnauthorizedError):
        await mode_of(project, bearer(key, apikey=key), *ANY)


async def test_none_asks_for_nothing(project: Project) -> None:
    assert await mode_of(project, {}, "none") == "none"
    assert await mode_of(project, {"authorization": "Basic x"}, "none") == "none"


async def test_absent_falls_through_to_the_next_mode(project: Project) -> None:
    assert await mode_of(project, {}, "user", "none") == "none"


async def test_present_but_invalid_does_not_fall_through(project: Project) -> None:
    with pytest.raises(UnauthorizedError):
        await mode_of(project, bearer(project.token(exp=1)), "user", "none")


@pytest.mark.parametrize("key", ["sb_secret_wrong", "sb_publishable_wrong"])
@pytest.mark.parametrize("name", ["apikey", "authorization"])
async def test_a_wrong_key_is_said_to_be_wrong(project: Project, name: str, key: str) -> None:
    headers = {name: key if name == "apikey" else f"Bearer {key}"}

    with pytest.raises(UnauthorizedError, match="the API key is none of this project's"):
        await mode_of(project, headers, "publishable", "secret")


def b64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def signed_with_the_public_key(project: Project) -> str:
    """The classic confusion: what everybody may read, used as an HS256 secret."""
    public = project.signing_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = b64(b'{"alg":"HS256","kid":"signing"}')
    payload = b64(b'{"sub":"x","role":"service_role"}')
    signature = hmac.digest(public, f"{header}.{payload}".encode(), "sha256")
    return f"{header}.{payload}.{b64(signature)}"


def forged(project: Project) -> dict[str, str]:
    now = int(time.time())
    return {
        "expired": project.token(exp=now - 1),
        "not yet valid": project.token(nbf=now + 60),
        "other secret": project.token(secret="another-secret-of-thirty-two-characters!"),
        "other key, right kid": project.signed(key=ec.generate_private_key(ec.SECP256R1())),
        "alg none": ".".join((b64(b'{"alg":"none"}'), b64(b'{"role":"service_role"}'), "")),
        "public key as secret": signed_with_the_public_key(project),
        "alg no text": ".".join((b64(b'{"alg":[]}'), b64(b"{}"), "")),
        "deep header": ".".join((b64(b'{"alg":' + b"[" * 30_000), b64(b"{}"), "")),
        "deep claims": jwt.api_jws.encode(b"[" * 30_000, project.secret, "HS256"),
        "no subject": project.token(sub=None),
        "changed signature": project.token()[:-4] + "AAAA",
        "not a token": "abc",
        "three parts": "a.b.c",
        "letters that base64 skips": f"{project.token()}éé",
        "no text": "\xff\xfe.\xff.\xff",
    }


@pytest.mark.parametrize("name", list(forged(Project())))
async def test_a_forged_token_is_refused(project: Project, name: str) -> None:
    with pytest.raises(UnauthorizedError):
        await mode_of(project, bearer(forged(project)[name]), *ANY)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer a b"},
        {"authorization": "Basic dXNlcjpwYXNz"},
        {"apikey": "sb_secret_b"},
        {"apikey": "sb_secret_"},
        {"authorization": "Bearer sb_secret_b"},
        {"apikey": "nonsense"},
    ],
)
async def test_nothing_useful_is_refused(project: Project, headers: dict[str, str]) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        await mode_of(project, headers, *ANY)

    assert caught.value.code == "INVALID_CREDENTIALS"


async def test_a_token_that_only_auth_can_judge_needs_auth(project: Project) -> None:
    """Hosted functions do not get the HS256 secret; without Auth the answer is 503, not 401."""
    hosted = replace(project.env, jwks=json.dumps({"keys": [project.ec_key]}))

    with pytest.raises(UnavailableError) as caught:
        await authenticate(ANY, read_credentials(bearer(project.token())), hosted)

    assert caught.value.code == "AUTH_UNAVAILABLE"


async def test_a_broken_key_set_is_the_operators_fault(project: Project) -> None:
    broken = replace(project.env, jwks="{}")

    with pytest.raises(ConfigurationError):
        await authenticate(ANY, read_credentials(bearer(project.token())), broken)


async def test_a_token_that_was_believed_is_believed_as_it_was_signed(project: Project) -> None:
    token = project.token()
    for _ in range(2):
        principal = await authenticate(ANY, read_credentials(bearer(token)), project.env)
        assert principal.user_id == USER
    other = replace(project.env, jwks='{"keys": []}')
    for changed, env in ((token[:-4] + "AAAA", project.env), (token, other)):
        with pytest.raises((UnauthorizedError, UnavailableError)):
            await authenticate(ANY, read_credentials(bearer(changed)), env)


async def test_what_one_request_does_to_its_claims_is_not_seen_by_the_next(
    project: Project,
) -> None:
    headers = bearer(project.token(app_metadata={"roles": ["reader"]}))
    for _ in range(3):
        principal = await authenticate(ANY, read_credentials(headers), project.env)
        assert principal.claims["app_metadata"] == {"roles": ["reader"]}
        principal.claims["app_metadata"]["roles"].append("admin")
