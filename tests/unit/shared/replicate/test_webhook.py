"""Signatures against the provider's own implementation."""

import time

import pytest
from replicate.webhook import Webhooks, WebhookSigningSecret

from shared.replicate.webhook import SignatureError, sign, verify

SECRET = "whsec_bG9jYWwtcmVwbGljYXRlLXdlYmhvb2stc2VjcmV0"
BODY = '{"id": "é"}'.encode()


def headers(now: int, secret: str = SECRET) -> dict[str, str]:
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(BODY, "msg_1", str(now), secret),
    }


def test_the_provider_s_client_believes_ours() -> None:
    secret = WebhookSigningSecret(key=SECRET)
    Webhooks.validate(headers=headers(int(time.time())), body=BODY.decode(), secret=secret)


def test_any_of_several_secrets_and_signatures_fits() -> None:
    given = headers(1000)
    given["webhook-signature"] = f"v2,x nonsense v1,AAAA {given['webhook-signature']}"

    assert verify(BODY, given, ("whsec_YW5vdGhlcg==", SECRET), 1000) == "msg_1"


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_YW5vdGhlcg==",)])
def test_without_the_right_secret_nothing_is_believed(secrets: tuple[str, ...]) -> None:
    with pytest.raises(SignatureError):
        verify(BODY, headers(1000), secrets, 1000)


@pytest.mark.parametrize("empty", ["", "whsec_", "whsec_=="])
def test_an_empty_secret_signs_nothing(empty: str) -> None:
    with pytest.raises(SignatureError):
        verify(BODY, headers(1000, empty), (empty,), 1000)


@pytest.mark.parametrize("now", [1301, 699])
def test_a_replay_is_too_old_or_from_the_future(now: int) -> None:
    with pytest.raises(SignatureError) as caught:
        verify(BODY, headers(1000), (SECRET,), now)
    assert caught.value.code == "SIGNATURE_EXPIRED"
