"""Every setting of the Supabase CLI's config.toml, and what this stack does with it.

From supabase/cli, pkg/config/templates/config.toml and the structures behind it. `*` stands for one
name. A setting that is not used here is reported at the start only if it differs from what the
CLI writes into every new project.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from edge.project.config_document import ConfigDocument, iterate_known

USED: Final = "used"
_HOSTED: Final = "of the hosted project"
_STUDIO: Final = "there is no Studio"
_ANALYTICS: Final = "edge logs takes its place"
_DENO: Final = "of Deno functions"
_ALWAYS: Final = "always served"
_POOLER: Final = "there is no pooler"
_MAIL: Final = "mails stay in the local mailbox"
_PROVIDER_TEXT: Final = "no text messages are sent"

_IN_USE: Final = """
project_id
api.port api.schemas api.extra_search_path api.max_rows api.auto_expose_new_tables
db.port db.vault.* db.migrations.enabled db.seed.enabled db.seed.sql_paths
storage.file_size_limit
storage.buckets.*.public storage.buckets.*.objects_path storage.buckets.*.file_size_limit
storage.buckets.*.allowed_mime_types

auth.site_url auth.additional_redirect_urls auth.external_url auth.jwt_expiry auth.jwt_issuer
auth.jwt_secret auth.anon_key auth.service_role_key auth.publishable_key auth.secret_key
auth.signing_keys_path auth.enable_refresh_token_rotation auth.refresh_token_reuse_interval
auth.enable_signup auth.enable_anonymous_sign_ins auth.enable_manual_linking
auth.minimum_password_length auth.password_requirements auth.rate_limit.*
auth.email.enable_signup auth.email.double_confirm_changes auth.email.enable_confirmations
auth.email.secure_password_change auth.email.max_frequency auth.email.otp_length
auth.email.otp_expiry auth.email.template.*.subject auth.email.template.*.content_path
auth.email.notification.*.enabled auth.email.notification.*.subject
auth.email.notification.*.content_path auth.email.smtp.*
auth.sms.enable_signup auth.sms.enable_confirmations auth.sms.template auth.sms.max_frequency
auth.sms.test_otp.* auth.sessions.timebox auth.sessions.inactivity_timeout
auth.hook.*.enabled auth.hook.*.uri auth.hook.*.secrets
auth.mfa.max_enrolled_factors auth.mfa.totp.* auth.mfa.phone.*
auth.external.*.enabled auth.external.*.client_id auth.external.*.secret
auth.external.*.redirect_uri auth.external.*.url
auth.oauth_server.enabled auth.oauth_server.authorization_url_path
auth.oauth_server.allow_dynamic_registration
edge_runtime.enabled edge_runtime.policy edge_runtime.inspector_port edge_runtime.secrets.*
functions.*.enabled functions.*.verify_jwt functions.*.entrypoint functions.*.env.*
"""

_NOT_USED: Final[Mapping[str, str]] = {
    "api.tls.enabled api.tls.cert_path api.tls.key_path": "the local API speaks HTTP",
    "api.external_url": "the API's own address is used",
    "db.shadow_port db.health_timeout": "no container is started",
    "db.major_version": "the local Postgres is 18",
    "db.root_key": "Vault has a key of its own",
    "db.pooler.*": _POOLER,
    "db.migrations.schema_paths": "of supabase db diff; migrations are applied",
    "db.settings.*": _HOSTED,
    "db.network_restrictions.* db.ssl_enforcement.*": _HOSTED,
    "api.enabled realtime.enabled storage.enabled auth.enabled": _ALWAYS,
    "realtime.ip_version realtime.max_header_length realtime.tenant_id": "one server for all",
    "studio.*": _STUDIO,
    "inbucket.* mailpit.* local_smtp.*": _MAIL,
    "storage.image_transformation.enabled storage.s3_protocol.enabled": "see COMPATIBILITY.md",
    "storage.analytics.** storage.vector.**": _HOSTED,
    "auth.passkey.* auth.webauthn.* auth.web3.*.enabled auth.captcha.*": "see COMPATIBILITY.md",
    "auth.mfa.web_authn.*": "see COMPATIBILITY.md",
    "auth.email.template.*.content": "content_path is read",
    "auth.sms.twilio.* auth.sms.twilio_verify.* auth.sms.messagebird.* auth.sms.textlocal.*"
    " auth.sms.vonage.*": _PROVIDER_TEXT,
    "auth.external.*.skip_nonce_check auth.external.*.email_optional": "see COMPATIBILITY.md",
    "auth.third_party.**": "see COMPATIBILITY.md",
    "edge_runtime.deno_version functions.*.import_map functions.*.static_files": _DENO,
    "analytics.*": _ANALYTICS,
    "experimental.**": "of the Supabase CLI",
    "remotes.**": "of a hosted branch",
}

# What the CLI's templates, old and new, write into every project; not worth a line at the start.
_TEMPLATE: Final[Mapping[str, tuple[Any, ...]]] = {
    "api.tls.enabled": (False,),
    "db.shadow_port": (54320,),
    "db.health_timeout": ("2m",),
    "db.major_version": (13, 14, 15, 17),
    "db.pooler.enabled": (False,),
    "db.pooler.port": (54329,),
    "db.pooler.pool_mode": ("transaction",),
    "db.pooler.default_pool_size": (15, 20),
    "db.pooler.max_client_conn": (100,),
    "db.migrations.schema_paths": ([],),
    "db.network_restrictions.enabled": (False,),
    "db.network_restrictions.allowed_cidrs": (["0.0.0.0/0"],),
    "db.network_restrictions.allowed_cidrs_v6": (["::/0"],),
    "api.enabled": (True,),
    "realtime.enabled": (True,),
    "storage.enabled": (True,),
    "auth.enabled": (True,),
    "storage.image_transformation.enabled": (True, False),
    "storage.s3_protocol.enabled": (True,),
    "edge_runtime.deno_version": (1, 2),
}
_QUIET: Final = re.compile(
    r"studio\.|inbucket\.|mailpit\.|local_smtp\.|analytics\.|experimental\.|remotes\.|functions\."
    r"|storage\.(analytics|vector)\.|db\.(shadow_port|health_timeout|pooler\.|settings\.)"
)
"""Services and ports whose absence changes nothing for an application."""
_SECRET: Final = re.compile(
    r"(^|[._])(secret|secrets|pass|password|auth_token|access_key|api_key|api_secret|jwt_secret|"
    r"service_role_key|anon_key|secret_key|openai_api_key|s3_\w+|root_key)$"
    r"|^edge_runtime\.secrets\.|^db\.vault\.|^functions\.[^.]+\.env\.|^auth\.sms\.test_otp\."
)


@dataclass(frozen=True, slots=True)
class KeyState:
    """One setting of a file: its value, secrets hidden, and `used`, or why it is not."""

    name: str
    value: str
    state: str
    is_worth_a_line: bool = False


def describe_keys(document: ConfigDocument) -> list[KeyState]:
    """Return the state of each setting that the file has."""
    return [_describe(name, value) for name, value in sorted(iterate_known(document.values))]


def _describe(name: str, value: Any) -> KeyState:
    state = _state_of(name)
    shown = _show(name, value)
    if state is None:
        return KeyState(name, shown, "unknown to this version", is_worth_a_line=True)
    is_template = value in _TEMPLATE.get(name, ()) or value in (False, "", [])
    loud = state != USED and not is_template and not _QUIET.match(name)
    if loud and (switch := _SWITCHED.match(name)):
        loud = switch["last"] == "enabled"
    return KeyState(name, shown, state, is_worth_a_line=loud)


_SWITCHED: Final = re.compile(
    r"auth\.(?:third_party\.\w+|captcha|passkey|webauthn|sms\.\w+|email\.smtp|external\.\w+|web3\.\w+)"
    r"\.(?P<last>\w+)$"
)
"""Groups with a setting `enabled`, which stands for all of them."""


def _show(name: str, value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    is_reference = text.startswith("env(")
    if _SECRET.search(name) and not is_reference and text:
        return "(hidden)"
    return text if len(text) <= 60 else text[:58] + " …"


def _state_of(name: str) -> str | None:
    return next((state for pattern, state in _patterns() if pattern.fullmatch(name)), None)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    rules = [(name, USED) for name in _IN_USE.split()]
    rules += [(name, reason) for names, reason in _NOT_USED.items() for name in names.split()]
    return tuple((_compile(name), state) for name, state in rules)


def _compile(name: str) -> re.Pattern[str]:
    escaped = re.escape(name).replace(r"\*\*", ".+").replace(r"\*", "[^.]+")
    return re.compile(escaped)
