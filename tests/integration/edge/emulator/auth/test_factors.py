"""Second factors: enrolment, the raised session, and codes that are refused."""

import time
from typing import Any

import jwt
import pytest

from edge.emulator.auth import totp
from edge.emulator.auth.config import MfaConfig
from tests.support.auth_service import SECRET, Auth, Open


async def enroll(auth: Auth, token: str, name: str = "phone app") -> dict[str, Any]:
    body = {"factor_type": "totp", "friendly_name": name}
    return (await auth("POST", "/factors", body, token)).json()


async def challenge(auth: Auth, token: str, factor_id: str) -> str:
    return (await auth("POST", f"/factors/{factor_id}/challenge", {}, token)).json()["id"]


async def verify(
    auth: Auth, token: str, factor: dict[str, Any], shift: int = 0, at: float | None = None
) -> Any:
    code = totp.compute_code(factor["totp"]["secret"], (at or time.time()) + shift)
    body = {"challenge_id": await challenge(auth, token, factor["id"]), "code": code}
    return await auth("POST", f"/factors/{factor['id']}/verify", body, token)


async def test_a_verified_factor_raises_the_session(auth: Auth) -> None:
    elsewhere = await auth.sign_up()
    token = (await auth.sign_in()).json()["access_token"]
    factor = await enroll(auth, token)

    answer = (await verify(auth, token, factor)).json()
    claims = jwt.decode(answer["access_token"], SECRET, ["HS256"], audience="authenticated")

    assert factor["totp"]["qr_code"].startswith("<svg")
    assert factor["totp"]["uri"].startswith("otpauth://totp/127.0.0.1%3A3000:ann%40example.com?")
    assert (claims["aal"], {entry["method"] for entry in claims["amr"]}) == (
        "aal2",
        {"totp", "password"},
    )
    assert answer["user"]["factors"][0]["status"] == "verified"
    assert (await auth.refresh(answer["refresh_token"])).status_code == 200
    ended = await auth("GET", "/user", token=elsewhere["access_token"])
    assert ended.json()["code"] == "session_not_found"


async def test_wrong_and_used_codes_are_refused(auth: Auth) -> None:
    token = (await auth.sign_up())["access_token"]
    factor = await enroll(auth, token)
    body = {"challenge_id": await challenge(auth, token, factor["id"]), "code": "000000"}
    wrong = await auth("POST", f"/factors/{factor['id']}/verify", body, token)
    now = time.time()  # another code follows each half minute
    raised = (await verify(auth, token, factor, at=now)).json()["access_token"]

    again = await verify(auth, raised, factor, at=now)

    assert (wrong.status_code, wrong.json()["code"]) == (422, "mfa_verification_failed")
    assert again.json()["code"] == "mfa_verification_failed"


async def test_a_challenge_dies_with_time(open_auth: Open) -> None:
    auth = await open_auth(mfa=MfaConfig(challenge_seconds=-1))
    token = (await auth.sign_up())["access_token"]

    answer = await verify(auth, token, await enroll(auth, token))

    assert answer.json()["code"] == "mfa_challenge_expired"


async def test_a_session_below_aal2_cannot_weaken_the_account(auth: Auth) -> None:
    token = (await auth.sign_up())["access_token"]
    factor = await enroll(auth, token)
    raised = (await verify(auth, token, factor)).json()["access_token"]
    low = (await auth.sign_in()).json()["access_token"]
    url = f"/factors/{factor['id']}"

    unenrolled = await auth("DELETE", url, token=low)
    enrolled = await auth("POST", "/factors", {"factor_type": "totp"}, low)
    changed = await auth("PUT", "/user", {"password": "another one"}, low)

    assert [unenrolled.status_code, enrolled.status_code, changed.status_code] == [422, 403, 401]
    assert (await auth("DELETE", url, token=raised)).json() == {"id": factor["id"]}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"factor_type": "tea"}, 400, "validation_failed"),
        ({"factor_type": "phone", "phone": "49"}, 422, "mfa_phone_enroll_not_enabled"),
        ({"factor_type": "webauthn"}, 422, "mfa_webauthn_enroll_not_enabled"),
        ({"factor_type": "totp", "friendly_name": "taken"}, 422, "mfa_factor_name_conflict"),
    ],
)
async def test_factors_that_cannot_be(auth: Auth, body: object, status: int, code: str) -> None:
    token = (await auth.sign_up())["access_token"]
    await enroll(auth, token, "taken")

    answer = await auth("POST", "/factors", body, token)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_administrator_sees_and_removes_factors(auth: Auth) -> None:
    grant = await auth.sign_up()
    factor = await enroll(auth, grant["access_token"])
    url = f"/admin/users/{grant['user']['id']}/factors"

    listed = (await auth.admin("GET", url)).json()
    renamed = await auth.admin("PUT", f"{url}/{factor['id']}", {"friendly_name": "new"})
    removed = await auth.admin("DELETE", f"{url}/{factor['id']}")

    assert [entry["id"] for entry in listed] == [factor["id"]]
    assert renamed.json()["friendly_name"] == "new"
    assert removed.json()["id"] == factor["id"]
    assert (await auth.admin("GET", url)).json() == []


async def test_a_phone_gets_its_code_by_text_message(open_auth: Open) -> None:
    auth = await open_auth(mfa=MfaConfig(phone_enroll=True, phone_verify=True))
    token = (await auth.sign_up())["access_token"]
    body = {"factor_type": "phone", "phone": "+4915112345678"}
    factor = (await auth("POST", "/factors", body, token)).json()
    challenge_id = await challenge(auth, token, factor["id"])

    answer = await auth(
        "POST",
        f"/factors/{factor['id']}/verify",
        {"challenge_id": challenge_id, "code": auth.code("4915112345678")},
        token,
    )

    claims = jwt.decode(answer.json()["access_token"], SECRET, ["HS256"], audience="authenticated")
    assert claims["aal"] == "aal2"
