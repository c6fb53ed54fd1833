"""Read the settings from PostgREST's own variables: PGRST_*, and pgrst.* of the login role.

Follows PostgREST's Config.hs; docs.postgrest.org, "Configuration".
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any, Final, cast
from urllib.parse import urlsplit

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.record import record
from edge.emulator.rest.request.role_claim import ROLE_CLAIM, ClaimPath, parse_claim_path
from edge.errors import EdgeError
from edge.tokens import Keys

_PREFIX: Final = "PGRST_"
_APP: Final = "app_settings_"
# "a,b" is one name; a quote within a name is one of its characters, as with PostgREST.
_NAME: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,\s][^,]*?))\s*(?:,|$)')
_HIDDEN_SCHEMAS: Final = frozenset({"pg_catalog", "information_schema"})
_QUALIFIED: Final = re.compile(r'(?:(?:"(?:[^"]|"")*"|[^".]*)\.)?(?:([^".]+)|"((?:[^"]|"")+)")')
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_OPENAPI_MODES: Final = ("follow-privileges", "ignore-privileges", "disabled")
_ANY_HOST: Final = "0.0.0.0"  # noqa: S104 - a name in a document
_ANY_HOSTS: Final = frozenset({"", "*", "*4", "!4", "*6", "!6"})
_PORT: Final = re.compile(r"[0-9]{1,5}")
_DEFAULT_PORT: Final = "3000"
_VERBOSITIES: Final = ("verbose", "minimal")
_TRUE: Final = frozenset({"true", "on", "yes", "1"})
_FALSE: Final = frozenset({"false", "off", "no", "0"})
POSTGREST: Final = RestConfig(
    extra_search_path=("public",), anon_role="", safeupdate=False, pool_size=10
)
"""PostgREST's own defaults."""
# tx_rollback, tx_allow_override
_TX_END: Final = {
    "commit": (False, False),
    "commit-allow-override": (False, True),
    "rollback": (True, False),
    "rollback-allow-override": (True, True),
}
ROLE_SETTINGS: Final = b"""
select substr(split_part(s.setting, '=', 1), 7) as name,
  substr(s.setting, strpos(s.setting, '=') + 1) as value
from pg_catalog.pg_db_role_setting d cross join lateral unnest(d.setconfig) as s(setting)
where d.setrole = session_user::regrole and s.setting like 'pgrst.%'
  and d.setdatabase in (0, (select oid from pg_database where datname = current_database()))
order by d.setdatabase
"""


@record
class Settings:
    """PostgREST's settings by their names without a prefix, such as db_schemas.

    `of_role` are those of the login role in the database, which win over the `given` ones.
    """

    given: Mapping[str, str] = field(default_factory=dict[str, str])
    of_role: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> "Settings":
        return cls(
            {
                name.removeprefix(_PREFIX).lower(): value
                for name, value in variables.items()
                if name.startswith(_PREFIX)
            }
        )

    @property
    def values(self) -> Mapping[str, str]:
        return {**self.given, **self.of_role}

    @property
    def dsn(self) -> str:
        return self.values.get("db_uri", "")

    @property
    def reads_role_settings(self) -> bool:
        return self.values.get("db_config", "true").lower() not in _FALSE

    def with_address(self, host: str | None, port: int | None, default_host: str) -> "Settings":
        """Return the settings with the address that is listened on instead of the given one."""
        address = {"server_host": host or self.given.get("server_host") or default_host}
        if port is not None:
            address["server_port"] = str(port)
        return replace(self, given={**self.given, **address})

    def with_role_settings(self, of_role: Mapping[str, str]) -> "Settings":
        """Return the settings with those of the login role, which ROLE_SETTINGS lists."""
        return replace(self, of_role=of_role)

    def without_role_settings(self) -> "Settings":
        """Return the given settings, which are left when those of the role are reset."""
        return replace(self, of_role={})

    def config(self, base: RestConfig = POSTGREST) -> RestConfig:
        """Return `base` with what is set; raises EdgeError for values that cannot be."""
        changes: dict[str, Any] = {}
        for field_name, read, *keys in _FIELDS:
            key = next((key for key in keys if key in self.values), None)
            if key is not None:
                changes[field_name] = read(key, self.values[key])
        if "db_tx_end" in self.values:
            rollback, override = self._transaction_end()
            changes |= {"tx_rollback": rollback, "tx_allow_override": override}
        if url := self._server_url():
            changes["server_url"] = url
        if app_settings := self._app_settings():
            changes["app_settings"] = tuple({**dict(base.app_settings), **app_settings}.items())
        return replace(base, **changes)

    def _app_settings(self) -> dict[str, str]:
        return {
            f"app.settings.{name.removeprefix(_APP)}": value
            for name, value in self.values.items()
            if name.startswith(_APP)
        }

    def _server_url(self) -> str | None:
        """Return the address of a proxy in front, else the given one; None if neither is."""
        if proxy := self.values.get("openapi_server_proxy_uri"):
            return _read_proxy("openapi_server_proxy_uri", proxy)
        host, port = (self.given.get(f"server_{name}", "") for name in ("host", "port"))
        if not host and not port:
            return None
        named = _ANY_HOST if host in _ANY_HOSTS else f"[{host}]" if ":" in host else host
        return f"http://{named}:{port if _PORT.fullmatch(port) else _DEFAULT_PORT}/"

    def keys(self) -> Keys:
        """Return what verifies tokens: a secret, a JSON Web Key or a set of them."""
        text = self.values.get("jwt_secret", "")
        if not text:
            return Keys(os.urandom(32))
        if _read_flag("jwt_secret_is_base64", self.values.get("jwt_secret_is_base64", "false")):
            return Keys(_decode_base64(text.strip()))
        return _read_keys(text)

    def _transaction_end(self) -> tuple[bool, bool]:
        text = self.values.get("db_tx_end", "commit")
        if text not in _TX_END:
            raise _invalid("db_tx_end", text, f"Use one of {', '.join(_TX_END)}.")
        return _TX_END[text]


def _read_root_routine(_: str, text: str) -> str | None:
    # api.root, and "My ""root"": the function is looked for in the request's schema
    found = _QUALIFIED.fullmatch(text.strip())
    if not found:
        return None
    return found[1] if found[2] is None else found[2].replace('""', '"')


def _read_role_claim(key: str, text: str) -> ClaimPath:
    try:
        return parse_claim_path(text) if text else ROLE_CLAIM
    except ValueError as exc:
        raise _invalid(key, text, "Use a path such as $.app.role.") from exc


def _choose(key: str, text: str, choices: tuple[str, ...]) -> str:
    if text and text not in choices:
        raise _invalid(key, text, f"Use one of {', '.join(choices)}.")
    return text


def _read_names(_: str, text: str) -> tuple[str, ...]:
    found = _NAME.finditer(text)
    return tuple(each[1].replace('""', '"') if each[2] is None else each[2] for each in found)


def _read_schemas(key: str, text: str) -> tuple[str, ...]:
    names = _read_names(key, text)
    if hidden := _HIDDEN_SCHEMAS.intersection(names):
        raise _invalid(key, text, f"Leave out {min(hidden)}, which cannot be exposed.")
    return names


def _read_text(_: str, text: str) -> str | None:
    return text or None


def _read_proxy(key: str, text: str) -> str:
    try:
        parts = urlsplit(text)
        is_valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise _invalid(key, text, "Use an address such as https://example.com:8443/path.")
    return text


def _read_header_name(key: str, text: str) -> str | None:
    if text and not _HEADER_NAME.fullmatch(text):
        raise _invalid(key, text, "Use the name of a header, such as X-Request-Id.")
    return text.lower() or None


def _read_number(key: str, text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise _invalid(key, text, "Use a whole number.")
    return int(text)


def _read_flag(key: str, text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise _invalid(key, text, "Use true or false.")
    return text.lower() in _TRUE


_FIELDS: Final[tuple[tuple[str, Callable[[str, str], Any], *tuple[str, ...]], ...]] = (
    ("schemas", _read_schemas, "db_schemas", "db_schema"),
    ("extra_search_path", _read_names, "db_extra_search_path"),
    ("anon_role", lambda _, text: text, "db_anon_role"),
    ("max_rows", _read_number, "db_max_rows", "max_rows"),
    ("pre_request", _read_text, "db_pre_request", "pre_request"),
    ("aggregates_enabled", _read_flag, "db_aggregates_enabled"),
    ("plan_enabled", _read_flag, "db_plan_enabled"),
    ("root_routine", _read_root_routine, "db_root_spec", "root_spec"),
    ("jwt_audience", _read_text, "jwt_aud"),
    ("trace_header", _read_header_name, "server_trace_header"),
    ("role_claim", _read_role_claim, "jwt_role_claim_key", "role_claim_key"),
    (
        "openapi_mode",
        lambda key, text: _choose(key, text, _OPENAPI_MODES) or _OPENAPI_MODES[0],
        "openapi_mode",
    ),
    ("openapi_security_active", _read_flag, "openapi_security_active"),
    (
        "explains_errors",
        lambda key, text: _choose(key, text, _VERBOSITIES) != "minimal",
        "client_error_verbosity",
    ),
    ("pool_size", lambda key, text: _read_number(key, text) or 10, "db_pool"),
    (
        "pool_timeout",
        lambda key, text: float(_read_number(key, text) or 10),
        "db_pool_acquisition_timeout",
    ),
    ("reads_role_settings", _read_flag, "db_config"),
)


def _invalid(key: str, text: str, cure: str) -> EdgeError:
    return EdgeError(f"{_PREFIX}{key.upper()} cannot be {text!r}.", cure=cure)


def _decode_base64(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.translate({43: "-", 47: "_", 46: "="}) + "==")
    except (ValueError, binascii.Error) as exc:
        raise _invalid("jwt_secret", "this text", "It is not base64.") from exc


def _read_keys(text: str) -> Keys:
    document: Any = None
    if text.lstrip().startswith("{"):
        try:
            document = json.loads(text)
        except ValueError:
            return Keys(text)
    if not isinstance(document, dict) or not {"keys", "kty"} & set(cast("Any", document)):
        return Keys(text)
    entries: list[dict[str, Any]] = cast("Any", document).get("keys", [document])
    symmetric = [entry["k"] for entry in entries if entry.get("kty") == "oct"]
    secret = _decode_base64(symmetric[0]) if symmetric else os.urandom(32)
    return Keys(secret, Keys.load("", json.dumps({"keys": entries})).jwks)
