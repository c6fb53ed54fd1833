"""Read the settings from GoTrue's own variables: GOTRUE_*, API_EXTERNAL_URL.

Follows supabase/auth (internal/conf/configuration.go).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast

from edge.emulator.auth.config import (
    AuthConfig,
    HookConfig,
    MailConfig,
    MfaConfig,
    OAuthServerConfig,
    PasswordConfig,
    ProviderConfig,
    RateLimits,
    SessionConfig,
    SmsConfig,
    SmtpConfig,
)
from edge.emulator.auth.durations import parse_duration
from edge.emulator.auth.providers import OAUTH_PROVIDERS
from edge.errors import EdgeError
from edge.signing import SigningKeys, parse_signing_keys

HOOKS: Final = (
    *("mfa_verification_attempt", "password_verification_attempt", "custom_access_token"),
    *("send_email", "send_sms", "before_user_created", "after_user_created"),
)
MAIL_KINDS: Final = (
    *("invite", "confirmation", "recovery", "magic_link", "email_change", "reauthentication"),
    *("password_changed_notification", "email_changed_notification"),
    *("phone_changed_notification", "identity_linked_notification"),
    *("identity_unlinked_notification", "mfa_factor_enrolled_notification"),
    "mfa_factor_unenrolled_notification",
)


_SMS_CREDENTIALS: Final = {
    "twilio": ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_MESSAGE_SERVICE_SID"),
    "twilio_verify": (
        "TWILIO_VERIFY_ACCOUNT_SID",
        "TWILIO_VERIFY_AUTH_TOKEN",
        "TWILIO_VERIFY_MESSAGE_SERVICE_SID",
    ),
    "messagebird": ("MESSAGEBIRD_ACCESS_KEY", "MESSAGEBIRD_ORIGINATOR"),
    "textlocal": ("TEXTLOCAL_API_KEY", "TEXTLOCAL_SENDER"),
    "vonage": ("VONAGE_API_KEY", "VONAGE_API_SECRET", "VONAGE_FROM"),
}


def read_environment(variables: Mapping[str, str]) -> AuthConfig:
    """Return the settings; raises EdgeError naming a variable that is missing or malformed."""
    read = _Variables(variables)
    secret = read.text("JWT_SECRET")
    if not secret:
        raise EdgeError("GOTRUE_JWT_SECRET is not set.", cure="export GOTRUE_JWT_SECRET=…")
    external_url = variables.get("API_EXTERNAL_URL", "")
    keys = read.text("JWT_KEYS")
    return AuthConfig(
        keys=SigningKeys(secret, parse_signing_keys(keys, "GOTRUE_JWT_KEYS") if keys else ()),
        issuer=read.text("JWT_ISSUER", external_url),
        external_url=external_url,
        site_url=read.text("SITE_URL", "http://127.0.0.1:3000"),
        allow_list=read.names("URI_ALLOW_LIST"),
        jwt_seconds=int(read.number("JWT_EXP", 3600)) or 3600,
        audience=read.text("JWT_AUD", "authenticated"),
        default_role=read.text("JWT_DEFAULT_GROUP_NAME", "authenticated"),
        admin_roles=read.names("JWT_ADMIN_ROLES") or ("service_role", "supabase_admin"),
        disable_signup=read.flag("DISABLE_SIGNUP"),
        email_enabled=read.flag("EXTERNAL_EMAIL_ENABLED", default=True),
        phone_enabled=read.flag("EXTERNAL_PHONE_ENABLED"),
        anonymous_enabled=read.flag("EXTERNAL_ANONYMOUS_USERS_ENABLED"),
        manual_linking=read.flag("SECURITY_MANUAL_LINKING_ENABLED"),
        flow_state_seconds=read.seconds("EXTERNAL_FLOW_STATE_EXPIRY_DURATION", 300),
        mail=_read_mail(read),
        sms=_read_sms(read),
        password=PasswordConfig(
            min_length=int(read.number("PASSWORD_MIN_LENGTH", 6)) or 6,
            required_characters=_split_characters(read.text("PASSWORD_REQUIRED_CHARACTERS")),
            requires_reauthentication=read.flag(
                "SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION"
            ),
            requires_current=read.flag("SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD"),
        ),
        sessions=SessionConfig(
            timebox=read.seconds("SESSIONS_TIMEBOX", 0),
            inactivity=read.seconds("SESSIONS_INACTIVITY_TIMEOUT", 0),
            single_per_user=read.flag("SESSIONS_SINGLE_PER_USER"),
            rotates=read.flag("SECURITY_REFRESH_TOKEN_ROTATION_ENABLED", default=True),
            reuse_seconds=read.number("SECURITY_REFRESH_TOKEN_REUSE_INTERVAL", 0),
        ),
        mfa=_read_mfa(read),
        oauth_server=OAuthServerConfig(
            enabled=read.flag("OAUTH_SERVER_ENABLED"),
            dynamic_registration=read.flag("OAUTH_SERVER_ALLOW_DYNAMIC_REGISTRATION"),
        ),
        providers={name: _read_provider(read, name) for name in OAUTH_PROVIDERS},
        hooks=dict(_read_hooks(read)),
        rate_limits=_read_rate_limits(read),
    )


@dataclass(frozen=True, slots=True)
class _Variables:
    """Reads single GOTRUE_ variables; an empty one counts as not set."""

    variables: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        return self.variables.get(f"GOTRUE_{name}") or default

    def names(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name).split(",") if part.strip())

    def flag(self, name: str, *, default: bool = False) -> bool:
        text = self.text(name)
        if text.lower() in ("1", "t", "true"):
            return True
        if text.lower() in ("0", "f", "false"):
            return False
        if text:
            raise self._malformed(name, "true or false")
        return default

    def number(self, name: str, default: float) -> float:
        text = self.text(name)
        try:
            return float(text) if text else default
        except ValueError as exc:
            raise self._malformed(name, "a number") from exc

    def seconds(self, name: str, default: float) -> float:
        text = self.text(name)
        try:
            return parse_duration(text) / timedelta(seconds=1) if text else default
        except ValueError as exc:
            raise self._malformed(name, "a duration such as 1h30m") from exc

    def hourly(self, name: str, default: float) -> float:
        """Read a rate: events an hour, or events/duration."""
        events, slash, duration = self.text(name).partition("/")
        try:
            if not slash:
                return float(events) if events else default
            return float(events) * (timedelta(hours=1) / parse_duration(duration))
        except (ValueError, ZeroDivisionError) as exc:
            raise self._malformed(name, "a number, or a rate such as 30/1h") from exc

    def mapping(self, name: str) -> dict[str, str]:
        """Read key:value pairs separated by commas, or a JSON object."""
        text = self.text(name)
        if text.startswith("{"):
            try:
                found: Any = json.loads(text)
            except ValueError as exc:
                raise self._malformed(name, "pairs key:value") from exc
            pairs = cast("dict[str, Any]", found).items()
            return {key: str(value) for key, value in pairs}
        return dict(re.findall(r"([^:=,\s]+)[:=]([^,\s]*)", text))

    def _malformed(self, name: str, wanted: str) -> EdgeError:
        return EdgeError(f"GOTRUE_{name} must be {wanted}, not {self.text(name)!r}.")


def _read_mail(read: _Variables) -> MailConfig:
    def by_kind(prefix: str) -> dict[str, str]:
        values = {kind: read.text(f"MAILER_{prefix}_{kind.upper()}") for kind in MAIL_KINDS}
        return {kind: value for kind, value in values.items() if value}

    notices = (kind for kind in MAIL_KINDS if kind.endswith("_notification"))
    host = read.text("SMTP_HOST")
    return MailConfig(
        autoconfirm=read.flag("MAILER_AUTOCONFIRM"),
        secure_email_change=read.flag("MAILER_SECURE_EMAIL_CHANGE_ENABLED", default=True),
        otp_length=_otp_length(read.number("MAILER_OTP_LENGTH", 6)),
        otp_seconds=read.number("MAILER_OTP_EXP", 86400) or 86400,
        max_frequency=read.seconds("SMTP_MAX_FREQUENCY", 60),
        sent_per_hour=read.hourly("RATE_LIMIT_EMAIL_SENT", 30),
        subjects=by_kind("SUBJECTS"),
        templates={kind: _read_template(text) for kind, text in by_kind("TEMPLATES").items()},
        paths=by_kind("URLPATHS"),
        notifications=frozenset(
            kind
            for kind in notices
            if read.flag(
                f"MAILER_NOTIFICATIONS_{kind.removesuffix('_notification').upper()}_ENABLED"
            )
        ),
        smtp=SmtpConfig(
            host,
            port=int(read.number("SMTP_PORT", 587)),
            user=read.text("SMTP_USER"),
            password=read.text("SMTP_PASS"),
            sender=read.text("SMTP_ADMIN_EMAIL", "admin@email.com"),
            sender_name=read.text("SMTP_SENDER_NAME"),
        )
        if host
        else None,
    )


def _read_template(text: str) -> str:
    """Return the template, or what the file that is named instead holds."""
    path = Path(text) if text.startswith(("/", "./")) and "\n" not in text else None
    if path is None:
        return text
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise EdgeError(
            f"The mail template {path} cannot be read: {exc}",
            cure="Correct content_path in supabase/config.toml, or create the file.",
        ) from exc


def _read_sms(read: _Variables) -> SmsConfig:
    codes = read.mapping("SMS_TEST_OTP")
    provider = read.text("SMS_PROVIDER")
    needed = _SMS_CREDENTIALS.get(provider, ())
    return SmsConfig(
        autoconfirm=read.flag("SMS_AUTOCONFIRM"),
        otp_length=_otp_length(read.number("SMS_OTP_LENGTH", 6)),
        otp_seconds=read.number("SMS_OTP_EXP", 60) or 60,
        max_frequency=read.seconds("SMS_MAX_FREQUENCY", 60),
        sent_per_hour=read.hourly("RATE_LIMIT_SMS_SENT", 30),
        template=read.text("SMS_TEMPLATE", "Your code is {{ .Code }}"),
        provider=provider,
        lacks_credentials=not all(read.text(f"SMS_{name}") for name in needed),
        test_otp={phone.removeprefix("+").replace(" ", ""): code for phone, code in codes.items()},
    )


def _read_mfa(read: _Variables) -> MfaConfig:
    return MfaConfig(
        totp_enroll=read.flag("MFA_TOTP_ENROLL_ENABLED", default=True),
        totp_verify=read.flag("MFA_TOTP_VERIFY_ENABLED", default=True),
        phone_enroll=read.flag("MFA_PHONE_ENROLL_ENABLED"),
        phone_verify=read.flag("MFA_PHONE_VERIFY_ENABLED"),
        phone_template=read.text("MFA_PHONE_TEMPLATE", "Your code is {{ .Code }}"),
        phone_max_frequency=read.seconds("MFA_PHONE_MAX_FREQUENCY", 60),
        max_factors=int(read.number("MFA_MAX_ENROLLED_FACTORS", 10)),
        challenge_seconds=read.number("MFA_CHALLENGE_EXPIRY_DURATION", 300),
        factor_seconds=read.seconds("MFA_FACTOR_EXPIRY_DURATION", 300),
    )


def _read_provider(read: _Variables, name: str) -> ProviderConfig:
    prefix = f"EXTERNAL_{name.upper()}"
    return ProviderConfig(
        enabled=read.flag(f"{prefix}_ENABLED"),
        client_id=read.text(f"{prefix}_CLIENT_ID"),
        secret=read.text(f"{prefix}_SECRET"),
        redirect_uri=read.text(f"{prefix}_REDIRECT_URI"),
        url=read.text(f"{prefix}_URL"),
    )


def _read_hooks(read: _Variables) -> list[tuple[str, HookConfig]]:
    found: list[tuple[str, HookConfig]] = []
    for name in HOOKS:
        uri = read.text(f"HOOK_{name.upper()}_URI")
        if uri and read.flag(f"HOOK_{name.upper()}_ENABLED"):
            secrets = read.text(f"HOOK_{name.upper()}_SECRETS").split("|")
            found.append((name, HookConfig(uri, tuple(secret for secret in secrets if secret))))
    return found


def _read_rate_limits(read: _Variables) -> RateLimits:
    return RateLimits(
        header=read.text("RATE_LIMIT_HEADER"),
        sign_in=read.number("RATE_LIMIT_OTP", 30),
        refresh=read.number("RATE_LIMIT_TOKEN_REFRESH", 150),
        verify=read.number("RATE_LIMIT_VERIFY", 30),
        anonymous=read.number("RATE_LIMIT_ANONYMOUS_USERS", 30),
        mfa=read.number("MFA_RATE_LIMIT_CHALLENGE_AND_VERIFY", 15),
    )


def _otp_length(given: float) -> int:
    return int(given) if 6 <= given <= 10 else 6


def _split_characters(text: str) -> tuple[str, ...]:
    """Split the sets at colons; a colon of a set is escaped."""
    parts = re.split(r"(?<!\\):", text)
    return tuple(part.replace("\\:", ":") for part in parts if part)
