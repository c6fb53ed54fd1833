"""Codes and links by mail: sign-up, recovery, sign-in, a new address, and what they refuse."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from edge.emulator.auth.config import MailConfig, PasswordConfig
from tests.support.auth_service import PASSWORD, Auth, Open

CONFIRMED = MailConfig(autoconfirm=False, max_frequency=0)


@pytest.fixture
async def mailing(open_auth: Open) -> Auth:
    """A service whose users confirm their addresses."""
    return await open_auth(mail=CONFIRMED, allow_list=("https://app.example/**",))


async def sign_up(auth: Auth, email: str = "ann@example.com", **more: Any) -> dict[str, Any]:
    return (await auth("POST", "/signup", {"email": email, "password": PASSWORD, **more})).json()


def fragment(location: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(location).fragment).items()}


async def test_a_new_user_confirms_with_the_code(mailing: Auth) -> None:
    user = await sign_up(mailing)
    early = await mailing.sign_in()

    body = {"type": "signup", "email": "ann@example.com", "token": mailing.code()}
    confirmed = await mailing("POST", "/verify", body)

    assert "access_token" not in user
    assert user["confirmation_sent_at"]
    assert early.json()["code"] == "email_not_confirmed"
    assert confirmed.json()["user"]["id"] == user["id"]
    assert (await mailing.sign_in()).status_code == 200
    again = await mailing("POST", "/verify", body)
    assert (again.status_code, again.json()["code"]) == (403, "otp_expired")


async def test_a_link_signs_in_with_tokens_in_the_fragment(mailing: Auth) -> None:
    await mailing(
        "POST",
        "/signup?redirect_to=https://app.example/welcome",
        {"email": "ann@example.com", "password": PASSWORD},
    )

    answer = await mailing.client.get(mailing.link())

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("https://app.example/welcome#access_token=")
    handed = fragment(answer.headers["location"])
    assert (handed["token_type"], handed["type"]) == ("bearer", "signup")
    assert (await mailing("GET", "/user", token=handed["access_token"])).status_code == 200
    used = await mailing.client.get(mailing.link())
    assert fragment(used.headers["location"])["error_code"] == "otp_expired"


@pytest.mark.parametrize(
    "redirect", ["https://evil.example/", "http://127.0.0.1:3000.evil.example", "javascript:x"]
)
async def test_nobody_is_redirected_elsewhere(mailing: Auth, redirect: str) -> None:
    body = {"email": "ann@example.com", "password": PASSWORD}
    await mailing("POST", "/signup", body, headers={"redirect_to": redirect})

    answer = await mailing.client.get(mailing.link())

    assert answer.headers["location"].startswith("http://127.0.0.1:3000#")


async def test_a_second_sign_up_does_not_tell_that_the_user_exists(mailing: Auth) -> None:
    user = await sign_up(mailing)
    body = {"type": "signup", "email": "ann@example.com", "token": mailing.code()}
    await mailing("POST", "/verify", body)
    sent = len(mailing.mailbox)

    again = await sign_up(mailing)

    assert again["id"] != user["id"]
    assert again["identities"] == []
    assert again.keys() == user.keys()
    assert len(mailing.mailbox) == sent


async def test_recovery_leads_to_a_new_password(mailing: Auth) -> None:
    await mailing.admin(
        "POST",
        "/admin/users",
        {"email": "ann@example.com", "password": PASSWORD, "email_confirm": True},
    )
    unknown = await mailing("POST", "/recover", {"email": "nobody@example.com"})
    known = await mailing("POST", "/recover", {"email": "Ann@example.com"})
    body = {"type": "recovery", "email": "ann@example.com", "token": mailing.code()}
    token = (await mailing("POST", "/verify", body)).json()["access_token"]

    await mailing("PUT", "/user", {"password": "another one"}, token)

    assert (unknown.json(), known.json()) == ({}, {})
    assert (await mailing.sign_in(password="another one")).status_code == 200


async def test_a_code_signs_in_whoever_has_none_yet(auth: Auth) -> None:
    assert (await auth("POST", "/otp", {"email": "ann@example.com"})).json() == {}
    token_hash = parse_qs(urlsplit(auth.link()).query)["token"][0]

    answer = await auth("POST", "/verify", {"type": "email", "token_hash": token_hash})

    assert answer.json()["user"]["email"] == "ann@example.com"
    refused = await auth("POST", "/otp", {"email": "bob@example.com", "create_user": False})
    assert refused.json()["code"] == "otp_disabled"


async def test_mails_are_not_sent_too_often(open_auth: Open) -> None:
    auth = await open_auth(mail=MailConfig(max_frequency=60))
    await auth.sign_up()
    await auth("POST", "/recover", {"email": "ann@example.com"})

    again = await auth("POST", "/recover", {"email": "ann@example.com"})

    assert (again.status_code, again.json()["code"]) == (429, "over_email_send_rate_limit")
    assert "you can only request this after" in again.json()["message"]


async def test_a_code_dies_with_time(open_auth: Open) -> None:
    auth = await open_auth(mail=MailConfig(otp_seconds=-1, max_frequency=0))
    await auth("POST", "/otp", {"email": "ann@example.com"})
    body = {"type": "email", "email": "ann@example.com", "token": auth.code()}

    assert (await auth("POST", "/verify", body)).json()["code"] == "otp_expired"


async def test_both_addresses_confirm_a_new_one(mailing: Auth) -> None:
    await sign_up(mailing)
    body = {"type": "signup", "email": "ann@example.com", "token": mailing.code()}
    token = (await mailing("POST", "/verify", body)).json()["access_token"]

    pending = (await mailing("PUT", "/user", {"email": "ann@new.example"}, token)).json()
    change = {"type": "email_change"}
    old = change | {"email": "ann@example.com", "token": mailing.code("ann@example.com")}
    new = change | {"email": "ann@new.example", "token": mailing.code("ann@new.example")}
    half = (await mailing("POST", "/verify", old)).json()
    done = (await mailing("POST", "/verify", new)).json()

    assert (pending["email"], pending["new_email"]) == ("ann@example.com", "ann@new.example")
    assert half["code"] == "200"
    assert done["user"]["email"] == "ann@new.example"
    assert done["user"]["identities"][0]["email"] == "ann@new.example"
    assert "new_email" not in done["user"]


async def test_the_mail_of_a_sign_up_is_sent_again(mailing: Auth) -> None:
    await sign_up(mailing)
    first = mailing.code()

    await mailing("POST", "/resend", {"type": "signup", "email": "ann@example.com"})

    assert len(mailing.mailbox.search("ann@example.com")) == 2
    body = {"type": "signup", "email": "ann@example.com"}
    assert (await mailing("POST", "/verify", body | {"token": first})).status_code == 403
    assert (await mailing("POST", "/verify", body | {"token": mailing.code()})).status_code == 200


async def test_a_password_needs_a_nonce_where_the_project_says_so(open_auth: Open) -> None:
    auth = await open_auth(password=PasswordConfig(requires_reauthentication=True))
    token = (await auth.sign_up())["access_token"]
    auth.execute("update auth.sessions set created_at = now() - interval '2 days'")

    refused = await auth("PUT", "/user", {"password": "another one"}, token)
    await auth("GET", "/reauthenticate", token=token)
    wrong = await auth("PUT", "/user", {"password": "another one", "nonce": "0"}, token)
    body = {"password": "another one", "nonce": auth.code()}
    changed = await auth("PUT", "/user", body, token)

    assert refused.json()["code"] == "reauthentication_needed"
    assert wrong.json()["code"] == "reauthentication_not_valid"
    assert changed.status_code == 200


@pytest.mark.parametrize(
    ("url", "body", "status", "message"),
    [
        ("/verify", {"token": "1"}, 400, "Verify requires a verification type"),
        ("/verify", {"type": "email"}, 400, "Verify requires either a token or a token hash"),
        ("/verify", {"type": "email", "token": "1"}, 400, "Only an email address or phone number"),
        (
            "/verify",
            {"type": "email", "token_hash": "x", "email": "a@b.co"},
            400,
            "Only the token_hash and type should be provided",
        ),
        ("/verify", {"type": "tea", "token_hash": "x"}, 400, "Invalid email verification type"),
        ("/verify", {"type": "email", "token_hash": "x"}, 403, "Email link is invalid"),
        ("/otp", {}, 400, "One of email or phone must be set"),
        ("/otp", {"email": "a@b.co", "phone": "49"}, 400, "Only an email address or phone"),
        ("/magiclink", {}, 422, "Password recovery requires an email"),
        ("/recover", {}, 400, "Password recovery requires an email"),
        ("/resend", {"type": "signup"}, 400, "Type provided requires an email address"),
        ("/resend", {"type": "tea"}, 400, "Missing one of these types"),
    ],
)
async def test_requests_that_are_refused(
    auth: Auth, url: str, body: object, status: int, message: str
) -> None:
    answer = await auth("POST", url, body)

    assert (answer.status_code, answer.json()["message"][: len(message)]) == (status, message)


async def test_own_templates_are_rendered_and_escaped(open_auth: Open) -> None:
    mail = MailConfig(
        autoconfirm=False,
        subjects={"confirmation": "{{ if .Data.name }}Hi {{ .Data.name }}{{ else }}Hi{{ end }}"},
        templates={"confirmation": "<p>{{ .Data.name }} {{ .Token }}</p>"},
    )
    auth = await open_auth(mail=mail)

    await sign_up(auth, data={"name": "<Ann>"})

    assert auth.mail().subject == "Hi <Ann>"
    assert auth.mail().html.startswith("<p>&lt;Ann&gt; ")
