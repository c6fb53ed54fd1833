"""Which webhooks are believed: those that the provider's own SDK signs and verifies."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retell import Retell
from retell.lib.webhook_auth import symmetric

from functions.retell_webhook.signature import WINDOW_MS, SignatureError, sign, verify
from shared.errors import ConfigurationError
from shared.telephony.env import RetellEnv, read_retell_env

BODY = '{"event":"call_ended","call":{"call_id":"c","transcript":"Grüße, señor 😀"}}'.encode()
NOW = 1_780_000_000_000
PLAIN = {"RETELL_ALLOW_PLAIN_SIGNATURE": "true"}


def account(**values: str) -> RetellEnv:
    return read_retell_env(values or {"RETELL_API_KEY": "key_1"})


def is_believed(header: str | None, retell: RetellEnv | None = None, body: bytes = BODY) -> bool:
    try:
        verify(body, header, retell or account(), NOW)
    except SignatureError:
        return False
    return True


@given(text=st.text(), key=st.text(min_size=1).filter(lambda key: "\x00" not in key))
def test_the_sdk_and_we_sign_alike(text: str, key: str) -> None:
    signer: Any = symmetric["sign"]

    assert sign(text.encode(), key, NOW) == signer(text, key, NOW)


def test_the_sdk_verifies_what_we_sign() -> None:
    ours = sign(BODY, "key_1", int(time.time() * 1000))

    verifier: Any = Retell(api_key="key_1").verify
    assert verifier(BODY.decode(), "key_1", ours) is True
    assert verifier(BODY.decode() + " ", "key_1", ours) is False


def test_we_believe_what_the_sdk_signs() -> None:
    signer: Any = symmetric["sign"]

    assert is_believed(signer(BODY.decode(), "key_1", NOW))
    assert not is_believed(signer(BODY.decode(), "key_2", NOW))


@pytest.mark.parametrize(
    ("age", "believed"),
    [
        (0, True),
        (WINDOW_MS, True),
        (-WINDOW_MS, True),
        (WINDOW_MS + 1, False),
        (-WINDOW_MS - 1, False),
    ],
)
def test_a_signature_is_good_for_five_minutes(age: int, believed: bool) -> None:
    assert is_believed(sign(BODY, "key_1", NOW - age)) is believed


@given(position=st.integers(0, len(BODY) - 1), flip=st.integers(1, 255))
def test_one_byte_changed_is_noticed(position: int, flip: int) -> None:
    changed = bytearray(BODY)
    changed[position] ^= flip

    assert not is_believed(sign(BODY, "key_1", NOW), body=bytes(changed))


def test_bytes_that_are_no_text_are_verified_too() -> None:
    body = b'{"event": "\xff\xfe"}'

    assert is_believed(sign(body, "key_1", NOW), body=body)
    assert not is_believed(sign(body, "key_1", NOW), body=b'{"event": "\xff\xff"}')


DIGEST = sign(BODY, "key_1", NOW).partition("d=")[2]
MALFORMED = [
    None,
    "",
    " ",
    "key_1",
    DIGEST,
    f"v={NOW}",
    f"d={DIGEST}",
    f"v={NOW},d=",
    f"v=,d={DIGEST}",
    f"v={NOW},d={DIGEST[:-1]}",
    f"v={NOW},d={DIGEST}0",
    f"v={NOW},d={DIGEST.upper()}",
    f"v={NOW},d={'z' * 64}",
    f"v={NOW};d={DIGEST}",
    f"v={NOW}, d={DIGEST}",
    f" v={NOW},d={DIGEST}",
    f"v={NOW},d={DIGEST}\n",
    f"d={DIGEST},v={NOW}",
    f"v=-{NOW},d={DIGEST}",
    f"v={NOW}.0,d={DIGEST}",
    f"v=+{NOW},d={DIGEST}",
    f"v={'9' * 400},d={DIGEST}",
    f"v={NOW},d={DIGEST},d={DIGEST}",
    "v=١٢٣,d=" + DIGEST,  # digits, but not of the wire's
    f"v={NOW // 1000},d={DIGEST}",
    f"v={NOW},d={'é' * 64}",
    f"sha256={DIGEST}",
]


@pytest.mark.parametrize("header", MALFORMED)
def test_no_other_form_is_believed(header: str | None) -> None:
    assert not is_believed(header)
    assert not is_believed(header, account(RETELL_API_KEY="other", **PLAIN))


def test_the_webhooks_own_secret_goes_before_the_api_key() -> None:
    both = account(RETELL_WEBHOOK_SECRET="w", RETELL_API_KEY="a")

    assert is_believed(sign(BODY, "w", NOW), both)
    assert not is_believed(sign(BODY, "a", NOW), both)


@pytest.mark.parametrize("header", [None, sign(BODY, "", NOW), sign(BODY, "none", NOW), "", "none"])
@pytest.mark.parametrize("values", [{"SUPABASE_URL": ""}, PLAIN, {"RETELL_BASE_URL": "http://x"}])
def test_nothing_is_believed_without_a_key(header: str | None, values: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="RETELL_WEBHOOK_SECRET"):
        verify(BODY, header, account(**values), NOW)


def test_the_secret_itself_is_believed_only_where_that_is_allowed() -> None:
    assert not is_believed("w", account(RETELL_WEBHOOK_SECRET="w"))
    assert is_believed("w", account(RETELL_WEBHOOK_SECRET="w", **PLAIN))
    assert not is_believed("v", account(RETELL_WEBHOOK_SECRET="w", **PLAIN))
    assert not is_believed(
        "w", account(RETELL_WEBHOOK_SECRET="w", RETELL_ALLOW_PLAIN_SIGNATURE="1")
    )


def test_the_guides_example_is_believed_only_while_no_secret_is_chosen() -> None:
    example = "your-webhook-secret"

    assert is_believed(example, account(RETELL_API_KEY="local", **PLAIN))
    assert not is_believed(example, account(RETELL_WEBHOOK_SECRET="w", **PLAIN))
    assert not is_believed(example, account(RETELL_API_KEY="local"))
