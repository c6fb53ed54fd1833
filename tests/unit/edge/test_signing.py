"""Signing keys: which signs, what is published, and what verifies."""

import json

import jwt
import pytest

from edge.errors import EdgeError
from edge.signing import LOCAL_SIGNING_KEY, SigningKeys, parse_signing_keys
from edge.tokens import TokenError, verify

SECRET = "a-secret-of-at-least-thirty-two-characters"
OCT = {
    "kty": "oct",
    "k": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE",
    "kid": "k1",
    "alg": "HS256",
}


def test_the_cli_s_key_signs_and_its_public_half_is_published() -> None:
    keys = SigningKeys(SECRET, (LOCAL_SIGNING_KEY,))
    token = keys.sign({"sub": "ann"})
    (published,) = keys.public_document()["keys"]

    assert jwt.get_unverified_header(token)["alg"] == "ES256"
    assert jwt.get_unverified_header(token)["kid"] == LOCAL_SIGNING_KEY["kid"]
    assert "d" not in published
    assert published["key_ops"] == ["verify"]
    assert verify(token, keys.verification) == {"sub": "ann"}


def test_tokens_of_the_secret_are_accepted_beside() -> None:
    keys = SigningKeys(SECRET, (LOCAL_SIGNING_KEY,))

    assert verify(jwt.encode({"sub": "ann"}, SECRET), keys.verification)["sub"] == "ann"


def test_without_keys_the_secret_signs() -> None:
    keys = SigningKeys(SECRET)

    assert jwt.decode(keys.sign({"sub": "ann"}), SECRET, ["HS256"])["sub"] == "ann"
    assert keys.public_document() == {"keys": []}


def test_the_first_key_that_may_sign_signs() -> None:
    keys = SigningKeys(SECRET, ({**LOCAL_SIGNING_KEY, "key_ops": ["verify"]}, OCT))
    token = keys.sign({"sub": "ann"})

    assert jwt.get_unverified_header(token)["kid"] == "k1"
    assert verify(token, keys.verification_of(token))["sub"] == "ann"
    with pytest.raises(TokenError):
        verify(token, keys.verification)


def test_services_get_the_secret_too() -> None:
    document = SigningKeys(SECRET, (LOCAL_SIGNING_KEY,)).public_document(with_secret=True)

    assert [key["kty"] for key in document["keys"]] == ["EC", "oct"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"kty":"RSA"}]', "null"])
def test_what_is_no_list_of_keys(text: str) -> None:
    with pytest.raises(EdgeError, match=r"keys\.json"):
        parse_signing_keys(text, "keys.json")


def test_a_list_of_keys() -> None:
    assert parse_signing_keys(json.dumps([LOCAL_SIGNING_KEY]), "keys.json") == (LOCAL_SIGNING_KEY,)
