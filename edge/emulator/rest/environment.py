"""Read the settings from PostgREST's own variables: PGRST_*, and pgrst.* of the login role.

Follows PostgREST's Config.hs; docs.postgrest.org, "Configuration".
"""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

import psycopg

from edge.emulator.rest.config import RestConfig
from edge.errors import EdgeError
from edge.tokens import Keys

_PREFIX: Final = "PGRST_"
_APP: Final = "app_settings_"
_NAME: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^",]+?))\s*(?:,|$)')
_TRUE: Final = frozenset({"true", "on", "yes", "1"})
_FALSE: Final = frozenset({"false", "off", "no", "0"})
# tx_rollback, tx_allow_override
_TX_END: Final = {
    "commit": (False, False),
    "commit-allow-override": (False, True),
    "rollback": (True, False),
    "rollback-allow-override": (True, True),
}
_ROLE_SETTINGS: Final = b"""
select split_part(s.setting, '=', 1) as name, substr(s.setting, strpos(s.setting, '=') + 1) as value
from pg_catalog.pg_db_role_setting d cross join lateral unnest(d.setconfig) as s(setting)
where d.setrole = session_user::regrole and s.setting like 'pgrst.%'
  and d.setdatabase in (0, (select oid from pg_database where datname = current_database()))
order by d.setdatabase
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """PostgREST's settings by their names without a prefix, such as db_schemas."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])

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
    def dsn(self) -> str:
        return self.values.get("db_uri", "")

    def with_role_settings(self) -> "Settings":
        """Return the settings with those of the login role in the database, which win."""
        if self.values.get("db_config", "true").lower() in _FALSE:
            return self
        try:
            with psycopg.connect(self.dsn, autocommit=True) as connection:
                rows = connection.execute(_ROLE_SETTINGS).fetchall()
        except psycopg.Error as exc:
            raise EdgeError(
                f"The database cannot be reached: {exc}", cure="Check PGRST_DB_URI"
            ) from exc
        return Settings({**self.values, **{name[len("pgrst.") :]: value for name, value in rows}})

    def config(self) -> RestConfig:
        """Return the data API's settings; raises EdgeError for values that cannot be."""
        rollback, override = self._transaction_end()
        return RestConfig(
            schemas=self._names("db_schemas", "db_schema", default=("public",)),
            extra_search_path=self._names("db_extra_search_path", default=("public",)),
            anon_role=self.values.get("db_anon_role", ""),
            max_rows=self._number("db_max_rows"),
            tx_rollback=rollback,
            tx_allow_override=override,
            pre_request=self.values.get("db_pre_request") or None,
            safeupdate=False,
            aggregates_enabled=self._flag("db_aggregates_enabled"),
            plan_enabled=self._flag("db_plan_enabled"),
            app_settings=tuple(
                (f"app.settings.{name.removeprefix(_APP)}", value)
                for name, value in self.values.items()
                if name.startswith(_APP)
            ),
            pool_size=self._number("db_pool") or 10,
            pool_timeout=float(self._number("db_pool_acquisition_timeout") or 10),
        )

    def keys(self) -> Keys:
        """Return what verifies tokens: a secret, a JSON Web Key or a set of them."""
        text = self.values.get("jwt_secret", "")
        if not text:
            return Keys(secrets.token_bytes(32))
        if self._flag("jwt_secret_is_base64"):
            return Keys(_decode_base64(text.strip()))
        return _read_keys(text)

    def _transaction_end(self) -> tuple[bool, bool]:
        text = self.values.get("db_tx_end", "commit")
        if text not in _TX_END:
            raise _invalid("db_tx_end", text, f"Use one of {', '.join(_TX_END)}.")
        return _TX_END[text]

    def _names(self, *keys: str, default: tuple[str, ...]) -> tuple[str, ...]:
        text = next((self.values[key] for key in keys if key in self.values), None)
        if text is None:
            return default
        found = _NAME.finditer(text)
        return tuple(each[1].replace('""', '"') if each[2] is None else each[2] for each in found)

    def _number(self, key: str) -> int | None:
        text = self.values.get(key)
        if not text:
            return None
        if not text.isascii() or not text.isdecimal() or len(text) > 9:
            raise _invalid(key, text, "Use a whole number.")
        return int(text)

    def _flag(self, key: str) -> bool:
        text = self.values.get(key, "false").lower()
        if text not in _TRUE | _FALSE:
            raise _invalid(key, text, "Use true or false.")
        return text in _TRUE


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
    secret = _decode_base64(symmetric[0]) if symmetric else secrets.token_bytes(32)
    return Keys(secret, Keys.load("", json.dumps({"keys": entries})).jwks)
