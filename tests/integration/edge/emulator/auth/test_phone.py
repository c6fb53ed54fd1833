"""Phone numbers: codes by text message, which land in the mailbox."""

import pytest

from edge.emulator.auth.config import SmsConfig
from tests.support.auth_service import PASSWORD, Auth, Open

PHONE = "+49 151 12345678"
STORED = "4915112345678"


@pytest.fixture
async def phones(open_auth: Open) -> Auth:
    sms = SmsConfig(max_frequency=0, test_otp={"4915100000000": "654321"})
    return await open_auth(phone_enabled=True, sms=sms)


async def test_a_code_signs_a_number_up_and_in(phones: Auth) -> None:
    await phones("POST", "/otp", {"phone": PHONE})
    body = {"type": "sms", "phone": PHONE, "token": phones.code(STORED)}

    first = (await phones("POST", "/verify", body)).json()
    sent = (await phones("POST", "/otp", {"phone": PHONE})).json()
    second = await phones("POST", "/verify", body | {"token": phones.code(STORED)})

    assert first["user"]["phone"] == STORED
    assert first["user"]["app_metadata"]["provider"] == "phone"
    assert sent["message_id"]
    assert second.json()["user"]["id"] == first["user"]["id"]


async def test_a_number_of_the_settings_has_a_fixed_code(phones: Auth) -> None:
    await phones("POST", "/signup", {"phone": "4915100000000", "password": PASSWORD})
    body = {"type": "sms", "phone": "4915100000000", "token": "654321"}

    assert (await phones("POST", "/verify", body)).status_code == 200
    assert len(phones.mailbox) == 0
    by_password = {"phone": "+4915100000000", "password": PASSWORD}
    assert (await phones("POST", "/token?grant_type=password", by_password)).status_code == 200


async def test_a_user_changes_the_number(phones: Auth) -> None:
    token = (await phones.sign_up())["access_token"]
    pending = (await phones("PUT", "/user", {"phone": PHONE}, token)).json()
    body = {"type": "phone_change", "phone": PHONE, "token": phones.code(STORED)}

    user = (await phones("POST", "/verify", body)).json()["user"]

    assert (pending["new_phone"], pending["phone"]) == (STORED, "")
    assert user["phone"] == STORED
    assert user["app_metadata"]["providers"] == ["email", "phone"]
    other = await phones("POST", "/signup", {"phone": PHONE, "password": PASSWORD})
    assert other.json()["code"] == "user_already_exists"


async def test_a_provider_without_credentials_sends_nothing(open_auth: Open) -> None:
    auth = await open_auth(phone_enabled=True, sms=SmsConfig(lacks_credentials=True))

    answer = await auth("POST", "/otp", {"phone": PHONE})

    assert (answer.status_code, answer.json()["message"]) == (500, "Unable to get SMS provider")
    assert auth.execute("select count(*) from auth.users") == [(0,)]
