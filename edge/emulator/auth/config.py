"""Settings of the auth service. The defaults are the Supabase CLI's; times are in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from edge.signing import SigningKeys

LETTERS_AND_DIGITS: Final = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "0123456789",
)


@dataclass(frozen=True, slots=True)
class SmtpConfig:
    """A mail server; without one, mails stay in the local mailbox."""

    host: str
    port: int = 587
    user: str = ""
    password: str = ""
    sender: str = "admin@email.com"
    sender_name: str = ""


@dataclass(frozen=True, slots=True)
class MailConfig:
    """What is mailed, and when. Templates, subjects and paths are by kind, such as `recovery`."""

    autoconfirm: bool = True
    secure_email_change: bool = True
    otp_length: int = 6
    otp_seconds: float = 3600
    max_frequency: float = 1
    sent_per_hour: float = 360000
    subjects: Mapping[str, str] = field(default_factory=dict[str, str])
    templates: Mapping[str, str] = field(default_factory=dict[str, str])
    paths: Mapping[str, str] = field(default_factory=dict[str, str])
    notifications: frozenset[str] = frozenset()
    smtp: SmtpConfig | None = None


@dataclass(frozen=True, slots=True)
class SmsConfig:
    """Text messages; they land in the mailbox, unless the number has a code in `test_otp`.

    `lacks_credentials` if a provider is named that could not be reached: sending fails then.
    """

    autoconfirm: bool = False
    otp_length: int = 6
    otp_seconds: float = 6000
    max_frequency: float = 5
    sent_per_hour: float = 30
    template: str = "Your code is {{ .Code }}"
    provider: str = ""
    lacks_credentials: bool = False
    test_otp: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class PasswordConfig:
    min_length: int = 6
    required_characters: tuple[str, ...] = ()
    requires_reauthentication: bool = False
    requires_current: bool = False


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """How long sessions last and how refresh tokens rotate; 0 is no limit."""

    timebox: float = 0
    inactivity: float = 0
    single_per_user: bool = False
    rotates: bool = True
    reuse_seconds: float = 10


@dataclass(frozen=True, slots=True)
class MfaConfig:
    totp_enroll: bool = True
    totp_verify: bool = True
    phone_enroll: bool = False
    phone_verify: bool = False
    phone_template: str = "Your code is {{ .Code }}"
    phone_max_frequency: float = 5
    max_factors: int = 10
    challenge_seconds: float = 300
    factor_seconds: float = 300


@dataclass(frozen=True, slots=True)
class OAuthServerConfig:
    """The OAuth 2.1 server: the registry of its clients."""

    enabled: bool = False
    dynamic_registration: bool = False


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """An external provider of identities."""

    enabled: bool = False
    client_id: str = ""
    secret: str = ""
    redirect_uri: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class HookConfig:
    """A hook: pg-functions://postgres/<schema>/<function>, or an http(s) URL with secrets."""

    uri: str
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Requests of one client address: in 5 minutes, anonymous users in an hour.

    They apply if `by_address` is set, or to the value of the header that `header` names. With
    `attempts` those of passwords, codes and second factors that fail are limited in any case.
    """

    by_address: bool = False
    attempts: bool = True
    header: str = ""
    sign_in: float = 30
    refresh: float = 150
    verify: float = 30
    anonymous: float = 30
    mfa: float = 15


@dataclass(frozen=True, slots=True)
class AuthConfig:
    """All settings. `issuer` and `external_url` end in /auth/v1 behind a gateway."""

    keys: SigningKeys
    issuer: str
    external_url: str = ""
    site_url: str = "http://127.0.0.1:3000"
    allow_list: tuple[str, ...] = ()
    jwt_seconds: int = 3600
    audience: str = "authenticated"
    default_role: str = "authenticated"
    admin_roles: tuple[str, ...] = ("service_role", "supabase_admin")
    disable_signup: bool = False
    email_enabled: bool = True
    phone_enabled: bool = False
    anonymous_enabled: bool = False
    manual_linking: bool = False
    skip_nonce_check: bool = False
    flow_state_seconds: float = 300
    mail: MailConfig = field(default_factory=MailConfig)
    sms: SmsConfig = field(default_factory=SmsConfig)
    password: PasswordConfig = field(default_factory=PasswordConfig)
    sessions: SessionConfig = field(default_factory=SessionConfig)
    mfa: MfaConfig = field(default_factory=MfaConfig)
    oauth_server: OAuthServerConfig = field(default_factory=OAuthServerConfig)
    providers: Mapping[str, ProviderConfig] = field(default_factory=dict[str, ProviderConfig])
    hooks: Mapping[str, HookConfig] = field(default_factory=dict[str, HookConfig])
    rate_limits: RateLimits = field(default_factory=RateLimits)
    max_body: int = 1 << 20

    @property
    def public_url(self) -> str:
        """The service's URL in mails and redirects."""
        return (self.external_url or self.issuer).rstrip("/")
