"""GoTrue's variables become settings."""

from pathlib import Path

import pytest

from edge.emulator.auth.gotrue_environment import read_environment
from edge.errors import EdgeError

SECRET = {"GOTRUE_JWT_SECRET": "x" * 32, "API_EXTERNAL_URL": "http://localhost:9999"}


def test_the_defaults_are_gotrue_s() -> None:
    config = read_environment(SECRET)

    assert (config.issuer, config.jwt_seconds) == ("http://localhost:9999", 3600)
    assert (config.mail.autoconfirm, config.mail.otp_seconds) == (False, 86400)
    assert (config.mail.max_frequency, config.sessions.reuse_seconds) == (60, 0)
    assert (config.email_enabled, config.phone_enabled) == (True, False)


def test_values_are_parsed() -> None:
    config = read_environment(
        SECRET
        | {
            "GOTRUE_MAILER_AUTOCONFIRM": "true",
            "GOTRUE_SMTP_MAX_FREQUENCY": "1m30s",
            "GOTRUE_RATE_LIMIT_EMAIL_SENT": "10/30m",
            "GOTRUE_URI_ALLOW_LIST": "https://a.example/**, https://b.example",
            "GOTRUE_SMS_TEST_OTP": "+49 151:123456,4915:654321",
            "GOTRUE_PASSWORD_REQUIRED_CHARACTERS": r"abc:123:\:!",
            "GOTRUE_HOOK_SEND_EMAIL_ENABLED": "true",
            "GOTRUE_HOOK_SEND_EMAIL_URI": "http://localhost/hook",
            "GOTRUE_HOOK_SEND_EMAIL_SECRETS": "v1,whsec_YQ==|v1,whsec_Yg==",
            "GOTRUE_EXTERNAL_GOOGLE_ENABLED": "true",
            "GOTRUE_EXTERNAL_GOOGLE_CLIENT_ID": "id",
        }
    )

    assert (config.mail.autoconfirm, config.mail.max_frequency) == (True, 90)
    assert config.mail.sent_per_hour == 20
    assert config.allow_list == ("https://a.example/**", "https://b.example")
    assert config.sms.test_otp["4915"] == "654321"
    assert config.password.required_characters == ("abc", "123", ":!")
    assert config.hooks["send_email"].secrets == ("v1,whsec_YQ==", "v1,whsec_Yg==")
    assert config.providers["google"].client_id == "id"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JWT_EXP", "soon"),
        ("MAILER_AUTOCONFIRM", "perhaps"),
        ("SMTP_MAX_FREQUENCY", "a while"),
        ("RATE_LIMIT_EMAIL_SENT", "10/0s"),
        ("JWT_KEYS", "{"),
        ("JWT_KEYS", '[{"kty":"tea"}]'),
        ("MAILER_TEMPLATES_INVITE", "/no/such/file.html"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(EdgeError):
        read_environment(SECRET | {f"GOTRUE_{name}": value})


def test_a_secret_is_needed() -> None:
    with pytest.raises(EdgeError, match="GOTRUE_JWT_SECRET"):
        read_environment({})


def test_templates_are_read_from_files(tmp_path: Path) -> None:
    path = tmp_path / "invite.html"
    path.write_text("<p>{{ .Token }}</p>")

    config = read_environment(SECRET | {"GOTRUE_MAILER_TEMPLATES_INVITE": str(path)})

    assert config.mail.templates == {"invite": "<p>{{ .Token }}</p>"}


def test_a_text_message_provider_without_credentials_is_noticed() -> None:
    assert read_environment(SECRET | {"GOTRUE_SMS_PROVIDER": "twilio"}).sms.lacks_credentials
    assert not read_environment(SECRET).sms.lacks_credentials
