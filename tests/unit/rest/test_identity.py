"""Tokens decide the role; one that must not be trusted is never taken for an absent one."""

import pytest

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.identity import Authenticator
from edge.tokens import Keys, mint

SECRET = "s" * 40


@pytest.fixture
def authenticator() -> Authenticator:
    return Authenticator(Keys(SECRET), "anon")


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
