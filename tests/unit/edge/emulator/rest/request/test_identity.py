"""Tokens decide the role; one that must not be trusted is never taken for an absent one."""

import time
from base64 import urlsafe_b64encode

import jwt
import pytest

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import RestError
from edge.emulator.rest.request.claims import validate_claims
from edge.emulator.rest.request.identity import Authenticator
from edge.tokens import Keys, mint

SECRET = "s" * 40
NO_AUDIENCE = "The JWT 'aud' claim must be a string or an array of strings"
DEEP = urlsafe_b64encode(b'{"alg":' + b"[" * 30_000).rstrip(b"=").decode()


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator(Keys(SECRET), RestConfig())


@pytest.mark.parametrize("header", [None, "", "Basic abc"])
def test_without_a_bearer_token_the_caller_is_anonymous(
    authenticator: Authenticator, header: str | None
):
    assert authenticator.authenticate(header).role == "anon"


def test_a_token_gives_its_role_and_claims(authenticator: Authenticator):
    token = mint(SECRET, "authenticated", sub="u1")

    for _ in range(2):
        identity = authenticator.authenticate(f"Bearer {token}")
        assert (identity.role, identity.claims["sub"]) == ("authenticated", "u1")


@pytest.mark.parametrize(
    ("token", "code", "message"),
    [
        ("", "PGRST301", "Empty JWT is sent in Authorization header"),
        ("a.b", "PGRST301", "Expected 3 parts in JWT; got 2"),
        ("a.b.c", "PGRST301", "JWT cryptographic operation failed"),
        (mint("o" * 40, "anon"), "PGRST301", "No suitable key or wrong key type"),
        (mint(SECRET, "anon", exp=1), "PGRST303", "JWT expired"),
        (mint(SECRET, "anon", nbf=2**33), "PGRST303", "JWT not yet valid"),
        (mint(SECRET, "anon", iat=2**33, exp=2**34), "PGRST303", "JWT issued at future"),
        (mint(SECRET, "anon", exp=2**70), "PGRST303", "JWT expired"),
        (mint(SECRET, "anon", exp=2**33 + 0.5), "PGRST303", "JWT expired"),
        (mint(SECRET, "anon", aud=[1]), "PGRST303", NO_AUDIENCE),
        (f"{DEEP}.e30.c2ln", "PGRST301", "JWT cryptographic operation failed"),
        (
            "eyJhbGciOiJub25lIn0.e30.",
            "PGRST301",
            "Wrong or unsupported encoding algorithm",
        ),
    ],
)
def test_a_token_that_must_not_be_trusted_is_refused(
    authenticator: Authenticator, token: str, code: str, message: str
):
    with pytest.raises(RestError) as caught:
        authenticator.authenticate(f"Bearer {token}")

    assert (caught.value.status, caught.value.code) == (401, code)
    assert caught.value.message == message
    assert caught.value.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", ["1999999999", True, [1], {}])
def test_a_time_that_is_not_a_number_has_its_own_error(
    authenticator: Authenticator, claim: str, value: object
):
    token = jwt.encode({"role": "anon", claim: value, "exp": 2**33} | {claim: value}, SECRET)

    with pytest.raises(RestError) as caught:
        authenticator.authenticate(f"Bearer {token}")

    assert (caught.value.status, caught.value.code) == (401, "PGRST303")
    assert caught.value.message == f"The JWT '{claim}' claim must be a number"


def test_a_claim_of_null_is_an_absent_one(authenticator: Authenticator):
    token = jwt.encode({"role": "x", "exp": None, "nbf": None, "iat": None, "aud": None}, SECRET)

    for _ in range(2):
        assert authenticator.authenticate(f"Bearer {token}").role == "x"


NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("claims", "holds"),
    [
        ({"exp": NOW - 30}, True),
        ({"exp": NOW - 31}, False),
        ({"nbf": NOW + 30}, True),
        ({"nbf": NOW + 31}, False),
        ({"iat": NOW + 30}, True),
        ({"iat": NOW + 31}, False),
    ],
)
def test_clocks_may_differ_by_half_a_minute(claims: dict[str, int], holds: bool):
    def check() -> None:
        validate_claims(claims, NOW + 0.9)

    if holds:
        check()
    else:
        with pytest.raises(RestError):
            check()


def test_a_token_within_the_leeway_is_taken_as_often_as_it_comes(authenticator: Authenticator):
    token = mint(SECRET, "authenticated", exp=int(time.time()) - 20)

    for _ in range(2):
        assert authenticator.authenticate(f"Bearer {token}").role == "authenticated"


def test_a_token_is_remembered_only_as_long_as_it_holds():
    until = validate_claims({"exp": NOW}, NOW)

    validate_claims({"exp": NOW}, until - 0.1)
    with pytest.raises(RestError):
        validate_claims({"exp": NOW}, until)


@pytest.mark.parametrize(
    ("audience", "is_served"),
    [("me", True), (["you", "me"], True), ([], True), (None, True), ("you", False), ("", False)],
)
def test_a_token_for_somebody_else_is_refused(audience: object, is_served: bool):
    authenticator = Authenticator(Keys(SECRET), RestConfig(jwt_audience="me"))
    claims = {"role": "author"} | ({} if audience is None else {"aud": audience})
    header = f"Bearer {jwt.encode(claims, SECRET)}"

    if is_served:
        assert authenticator.authenticate(header).role == "author"
    else:
        with pytest.raises(RestError, match="JWT not in audience"):
            authenticator.authenticate(header)


def test_the_role_is_where_the_setting_says():
    authenticator = Authenticator(Keys(SECRET), RestConfig(role_claim=("app", "roles", 0)))
    token = jwt.encode({"role": "other", "app": {"roles": ["author"]}}, SECRET)

    identity = authenticator.authenticate(f"Bearer {token}")

    assert (identity.role, identity.claims["role"]) == ("author", "author")


@pytest.mark.parametrize("header", [None, f"Bearer {jwt.encode({'x': 1}, SECRET)}"])
def test_without_an_anonymous_role_a_token_has_to_name_one(header: str | None):
    authenticator = Authenticator(Keys(SECRET), RestConfig(anon_role=""))

    with pytest.raises(RestError) as refusal:
        authenticator.authenticate(header)

    assert (refusal.value.code, refusal.value.status) == ("PGRST302", 401)
    assert refusal.value.headers == {"www-authenticate": "Bearer"}
