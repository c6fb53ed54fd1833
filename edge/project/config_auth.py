"""[auth] of config.toml as GoTrue's variables, which is how the Supabase CLI passes it on.

Follows supabase/cli (internal/start/start.go, buildGotrueEnv). Keys and URLs of the stack are added
by who starts the service.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.project.config_document import ConfigDocument

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = "0123456789"
_SYMBOLS: Final = "!@#$%^&*()_+-=[]{};'\\:\"|<>?,./`~"
_CHARACTERS: Final = {
    "": "",
    "letters_digits": f"{_LETTERS}{_LETTERS.upper()}:{_DIGITS}",
    "lower_upper_letters_digits": f"{_LETTERS}:{_LETTERS.upper()}:{_DIGITS}",
    "lower_upper_letters_digits_symbols": (
        f"{_LETTERS}:{_LETTERS.upper()}:{_DIGITS}:" + _SYMBOLS.replace(":", r"\:")
    ),
}
_FLAGS: Final = {
    "enable_refresh_token_rotation": ("SECURITY_REFRESH_TOKEN_ROTATION_ENABLED", True),
    "enable_anonymous_sign_ins": ("EXTERNAL_ANONYMOUS_USERS_ENABLED", False),
    "enable_manual_linking": ("SECURITY_MANUAL_LINKING_ENABLED", False),
    "email.enable_signup": ("EXTERNAL_EMAIL_ENABLED", True),
    "email.double_confirm_changes": ("MAILER_SECURE_EMAIL_CHANGE_ENABLED", True),
    "email.secure_password_change": ("SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION", False),
    "sms.enable_signup": ("EXTERNAL_PHONE_ENABLED", False),
    "mfa.totp.enroll_enabled": ("MFA_TOTP_ENROLL_ENABLED", True),
    "mfa.totp.verify_enabled": ("MFA_TOTP_VERIFY_ENABLED", True),
    "mfa.phone.enroll_enabled": ("MFA_PHONE_ENROLL_ENABLED", False),
    "mfa.phone.verify_enabled": ("MFA_PHONE_VERIFY_ENABLED", False),
    "oauth_server.enabled": ("OAUTH_SERVER_ENABLED", False),
    "oauth_server.allow_dynamic_registration": ("OAUTH_SERVER_ALLOW_DYNAMIC_REGISTRATION", False),
}
_NEGATED: Final = {
    "enable_signup": ("DISABLE_SIGNUP", True),
    "email.enable_confirmations": ("MAILER_AUTOCONFIRM", False),
    "sms.enable_confirmations": ("SMS_AUTOCONFIRM", False),
}
_COUNTS: Final = {
    "jwt_expiry": ("JWT_EXP", 3600),
    "refresh_token_reuse_interval": ("SECURITY_REFRESH_TOKEN_REUSE_INTERVAL", 10),
    "minimum_password_length": ("PASSWORD_MIN_LENGTH", 6),
    "email.otp_length": ("MAILER_OTP_LENGTH", 6),
    "email.otp_expiry": ("MAILER_OTP_EXP", 3600),
    "mfa.max_enrolled_factors": ("MFA_MAX_ENROLLED_FACTORS", 10),
    "rate_limit.anonymous_users": ("RATE_LIMIT_ANONYMOUS_USERS", 30),
    "rate_limit.token_refresh": ("RATE_LIMIT_TOKEN_REFRESH", 150),
    "rate_limit.sign_in_sign_ups": ("RATE_LIMIT_OTP", 30),
    "rate_limit.token_verifications": ("RATE_LIMIT_VERIFY", 30),
    "rate_limit.sms_sent": ("RATE_LIMIT_SMS_SENT", 30),
}
_DURATIONS: Final = {
    "email.max_frequency": ("SMTP_MAX_FREQUENCY", "1s"),
    "sms.max_frequency": ("SMS_MAX_FREQUENCY", "5s"),
    "mfa.phone.max_frequency": ("MFA_PHONE_MAX_FREQUENCY", "5s"),
    "sessions.timebox": ("SESSIONS_TIMEBOX", ""),
    "sessions.inactivity_timeout": ("SESSIONS_INACTIVITY_TIMEOUT", ""),
}
_MAILBOX: Final = re.compile(r"(?:supabase_)?(?:inbucket|mailpit)(?:_.*)?")
"""Names of the container that is the CLI's local mailbox."""
_SMTP: Final = {
    "host": "HOST",
    "user": "USER",
    "pass": "PASS",
    "admin_email": "ADMIN_EMAIL",
    "sender_name": "SENDER_NAME",
}
_TEXTS: Final = {
    "jwt_issuer": "JWT_ISSUER",
    "sms.template": "SMS_TEMPLATE",
    "mfa.phone.template": "MFA_PHONE_TEMPLATE",
    "oauth_server.authorization_url_path": "OAUTH_SERVER_AUTHORIZATION_PATH",
}


def read_auth_variables(document: ConfigDocument, supabase: Path) -> dict[str, str]:
    """Return the variables with the CLI's defaults; TOTP is on unless switched off, as hosted.

    Raises EdgeError for a wrong value.
    """
    named = dict(_read_named(document))
    requirements = document.choice("auth.password_requirements", tuple(_CHARACTERS), "")
    return {
        "GOTRUE_SITE_URL": document.text("auth.site_url") or "http://127.0.0.1:3000",
        "GOTRUE_URI_ALLOW_LIST": ",".join(
            document.names("auth.additional_redirect_urls", ("https://127.0.0.1:3000",))
        ),
        "GOTRUE_PASSWORD_REQUIRED_CHARACTERS": _CHARACTERS[requirements],
        "GOTRUE_RATE_LIMIT_EMAIL_SENT": "360000",
        "GOTRUE_SMS_OTP_EXP": "6000",
        "GOTRUE_SMS_OTP_LENGTH": "6",
        "GOTRUE_SMS_TEST_OTP": ",".join(
            f"{phone}:{code}" for phone, code in document.entries("auth.sms.test_otp").items()
        ),
        **named,
        **dict(_read_smtp(document)),
        **dict(_read_mails(document, supabase)),
        **dict(_read_hooks(document)),
        **dict(_read_providers(document)),
        **_read_signing_keys(document, supabase),
    }


def _read_named(document: ConfigDocument) -> Iterator[tuple[str, str]]:
    for key, (name, default) in _FLAGS.items():
        yield f"GOTRUE_{name}", _flag(document.flag(f"auth.{key}", default=default))
    for key, (name, default) in _NEGATED.items():
        yield f"GOTRUE_{name}", _flag(not document.flag(f"auth.{key}", default=default))
    for key, (name, count) in _COUNTS.items():
        yield f"GOTRUE_{name}", str(document.count(f"auth.{key}", count))
    for key, (name, duration) in _DURATIONS.items():
        document.seconds(f"auth.{key}", duration)
        if text := document.text(f"auth.{key}", duration):
            yield f"GOTRUE_{name}", text
    for key, name in _TEXTS.items():
        if text := document.text(f"auth.{key}"):
            yield f"GOTRUE_{name}", text


def _read_smtp(document: ConfigDocument) -> Iterator[tuple[str, str]]:
    """Yield the mail server's settings; without one, mails stay in the local mailbox."""
    table = "auth.email.smtp"
    host = document.text(f"{table}.host")
    if not host or not document.flag(f"{table}.enabled", default=True):
        return
    if _MAILBOX.fullmatch(host):
        return
    for key, name in _SMTP.items():
        if text := document.text(f"{table}.{key}"):
            yield f"GOTRUE_SMTP_{name}", text
    yield "GOTRUE_SMTP_PORT", str(document.port(f"{table}.port", 587))
    yield "GOTRUE_RATE_LIMIT_EMAIL_SENT", str(document.count("auth.rate_limit.email_sent", 2))


def _read_mails(document: ConfigDocument, supabase: Path) -> Iterator[tuple[str, str]]:
    """Yield subjects and templates; a template's path is relative to the project's folder."""
    for name in document.names_below("auth.email.template"):
        yield from _read_mail(document, f"auth.email.template.{name}", name, supabase.parent)
    for name in document.names_below("auth.email.notification"):
        table = f"auth.email.notification.{name}"
        if document.flag(f"{table}.enabled", default=False):
            yield f"GOTRUE_MAILER_NOTIFICATIONS_{name.upper()}_ENABLED", "true"
            yield from _read_mail(document, table, f"{name}_notification", supabase)


def _read_mail(
    document: ConfigDocument, table: str, name: str, base: Path
) -> Iterator[tuple[str, str]]:
    if subject := document.text(f"{table}.subject"):
        yield f"GOTRUE_MAILER_SUBJECTS_{name.upper()}", subject
    if content := document.text(f"{table}.content_path"):
        path = (base / content).resolve()
        if path.is_file():
            yield f"GOTRUE_MAILER_TEMPLATES_{name.upper()}", str(path)
        else:
            document.missing.append(f"{table}.content_path names no file: {content}")


def _read_hooks(document: ConfigDocument) -> Iterator[tuple[str, str]]:
    for name in document.names_below("auth.hook"):
        table, variable = f"auth.hook.{name}", f"GOTRUE_HOOK_{name.upper()}"
        uri = document.text(f"{table}.uri")
        if uri and document.flag(f"{table}.enabled", default=False):
            yield f"{variable}_ENABLED", "true"
            yield f"{variable}_URI", uri
            yield f"{variable}_SECRETS", document.text(f"{table}.secrets")


def _read_providers(document: ConfigDocument) -> Iterator[tuple[str, str]]:
    for name in document.names_below("auth.external"):
        table, variable = f"auth.external.{name}", f"GOTRUE_EXTERNAL_{name.upper()}"
        if not document.flag(f"{table}.enabled", default=False):
            continue
        yield f"{variable}_ENABLED", "true"
        for key in ("client_id", "secret", "redirect_uri", "url"):
            if text := document.text(f"{table}.{key}"):
                yield f"{variable}_{key.upper()}", text


def _read_signing_keys(document: ConfigDocument, supabase: Path) -> dict[str, str]:
    """Return the private keys' document; none if the file is missing, as it is in a fresh clone."""
    path = document.text("auth.signing_keys_path")
    if not path:
        return {}
    try:
        return {"GOTRUE_JWT_KEYS": (supabase / path).read_text(encoding="utf-8")}
    except (OSError, UnicodeDecodeError):
        document.missing.append(f"auth.signing_keys_path: there is no file {path}")
        return {}


def _flag(value: bool) -> str:
    return "true" if value else "false"
