"""Tokens that must not be trusted, each with its fault; times only for who asks."""

import json
import time
from base64 import urlsafe_b64encode
from types import SimpleNamespace

import jwt
import pytest

from edge.tokens import Keys, TokenError, TokenFault, mint, verify, verify_signature

SECRET = "s" * 40
KEYS = Keys(SECRET)


def segment(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def fault(token: str) -> TokenFault:
    with pytest.raises(TokenError) as caught:
        verify(token, KEYS)
    return caught.value.fault


def test_a_token_of_ours_is_believed() -> None:
    assert verify(mint(SECRET, "anon"), KEYS)["role"] == "anon"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [({"exp": 1}, TokenFault.EXPIRED), ({"nbf": 2**33}, TokenFault.NOT_YET_VALID)],
)
def test_times_are_judged_by_verify_alone(claims: dict[str, int], expected: TokenFault) -> None:
    token = mint(SECRET, "anon", **claims)

    assert fault(token) is expected
    assert verify_signature(token, KEYS)["role"] == "anon"


@pytest.mark.parametrize("judge", [verify, verify_signature])
def test_a_signature_is_judged_by_both(judge: object) -> None:
    assert callable(judge)
    with pytest.raises(TokenError) as caught:
        judge(mint("o" * 40, "anon"), KEYS)

    assert caught.value.fault is TokenFault.SIGNATURE


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        f"{segment(b'[]')}.{segment(b'{}')}.c2ln",
        f"{segment(b'[' * 30_000)}.{segment(b'{}')}.c2ln",
        jwt.api_jws.encode(b"[" * 30_000, SECRET, "HS256"),
        jwt.api_jws.encode(b'{"n":' + b"9" * 5000 + b"}", SECRET, "HS256"),
        jwt.api_jws.encode(b"[]", SECRET, "HS256"),
        jwt.encode({"a": "x" * 60_000}, SECRET, "HS256"),
    ],
)
def test_what_cannot_be_read_is_malformed(token: str) -> None:
    assert fault(token) is TokenFault.MALFORMED


def test_no_algorithm_is_no_algorithm() -> None:
    header = segment(b'{"alg": "none"}')

    assert fault(f"{header}.{segment(b'{}')}.") is TokenFault.ALGORITHM


def test_a_token_that_was_believed_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    keys, token = Keys(SECRET), mint(SECRET, "anon")
    verify(token, keys)["role"] = "changed by its reader"
    assert verify(token, keys)["role"] == "anon"
    later = time.time() + 7200
    monkeypatch.setattr("edge.tokens.time", SimpleNamespace(time=lambda: later))
    with pytest.raises(TokenError) as caught:
        verify(token, keys)
    assert caught.value.fault is TokenFault.EXPIRED
    assert verify_signature(token, keys)["role"] == "anon"
    with pytest.raises(TokenError):
        verify_signature(token, Keys("o" * 40))


@pytest.mark.parametrize("claims", [{"exp": "soon"}, {"nbf": [1]}])
def test_times_that_are_no_numbers_are_malformed(claims: dict[str, object]) -> None:
    signed = jwt.api_jws.encode(json.dumps({"role": "anon", **claims}).encode(), SECRET, "HS256")
    assert fault(signed) is TokenFault.MALFORMED


def test_the_memory_of_tokens_is_bounded() -> None:
    keys = Keys(SECRET)
    for number in range(1001):
        verify(mint(SECRET, "anon", sub=str(number)), keys)
    verify(mint(SECRET, "anon", sub="x" * 5000), keys)
    assert len(keys.signed) == 1
