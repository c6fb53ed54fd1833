"""supabase/config.toml as typed values by dotted name, with `env(NAME)` and SUPABASE_* overrides.

Follows supabase/cli (pkg/config): names are case-insensitive, a variable SUPABASE_API_PORT
overrides `api.port`, and `env(NAME)` is taken from the shell, then from the .env files in
supabase/ and in the project's folder.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from edge.errors import EdgeError
from edge.project.env_file import parse_env, read_env_text

_REFERENCE: Final = re.compile(r"^env\((.*)\)$")
_SIZE: Final = re.compile(r"^([\d.]+)\s*([kmgtKMGT]?)(?:i?[bB])?$")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)")
_UNITS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SECONDS: Final = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_TRUE: Final = frozenset(("1", "t", "true"))
_FALSE: Final = frozenset(("0", "f", "false"))
_MAX_ENV_FILE: Final = 1 << 20


def read_config_environment(root: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that config.toml may name: the shell's, then those of the .env files.

    Of two files the one in supabase/ wins, of those in a folder the more specific one.
    """
    name = environ.get("SUPABASE_ENV") or "development"
    files = [f".env.{name}.local", *([] if name == "test" else [".env.local"])]
    files += [f".env.{name}", ".env"]
    found: dict[str, str] = {}
    for folder in (root / "supabase", root):
        for file in files:
            found = _read_env(folder / file) | found
    return found | dict(environ)


def _read_env(path: Path) -> dict[str, str]:
    """Return the file's variables; a file that is unreadable or huge counts as empty."""
    try:
        if path.stat().st_size > _MAX_ENV_FILE:
            return {}
        return parse_env(read_env_text(path))
    except (OSError, EdgeError):
        return {}


@dataclass(slots=True)
class ConfigDocument:
    """The settings of one file by dotted name; `unset` collects the variables that are missing."""

    path: Path
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tables: frozenset[str] = frozenset()
    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    unset: dict[str, str] = field(default_factory=dict[str, str])
    """The missing variable by setting."""
    missing: list[str] = field(default_factory=list[str])
    """Sentences about files that are named and not there."""

    @classmethod
    def read(cls, path: Path, environ: Mapping[str, str]) -> "ConfigDocument":
        """Read the file; an empty document without one. Raises EdgeError if it is not TOML."""
        try:
            document = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        except FileNotFoundError:
            return cls(path, environ=environ)
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            raise EdgeError(f"{path} is not valid TOML: {exc}") from exc
        values: dict[str, Any] = {}
        tables: set[str] = set()
        _flatten(document, "", values, tables)
        return cls(path, values, frozenset(tables), environ)

    def names_below(self, table: str) -> list[str]:
        """Return the names of the tables directly below `table`: the functions, the buckets."""
        prefix = f"{table}."
        inner = {name[len(prefix) :] for name in self.tables if name.startswith(prefix)}
        return sorted(name for name in inner if "." not in name)

    def entries(self, table: str) -> dict[str, str]:
        """Return the plain settings directly below `table`, without those whose variable is unset.

        Their names keep their case.
        """
        self._require_table(table)
        prefix = f"{table}."
        found: dict[str, str] = {}
        for name, value in self.values.items():
            if name.startswith(prefix) and "." not in name[len(prefix) :]:
                text = self._resolve(name, value)
                if text is not None:
                    found[name[len(prefix) :]] = str(text)
        return found

    def text(self, name: str, default: str = "") -> str:
        value = self._value(name)
        if value is None:
            return default
        if isinstance(value, bool):
            return str(value).lower()
        if not isinstance(value, str | int | float):
            raise self.wrong(name, "a string")
        return str(value)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._value(name)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        text = str(value).lower()
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        raise self.wrong(name, "true or false")

    def count(self, name: str, default: int) -> int:
        value = self._value(name)
        if value is None:
            return default
        if isinstance(value, str) and value.strip().isdigit():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.wrong(name, "a whole number")
        return value

    def port(self, name: str, default: int) -> int:
        value = self.count(name, default)
        if value > 65535:
            raise self.wrong(name, "a port, at most 65535")
        return value

    def names(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self._value(name)
        if value is None:
            return default
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        if not isinstance(value, list):
            raise self.wrong(name, "a list of names")
        entries = cast("list[Any]", value)
        if not all(isinstance(entry, str) for entry in entries):
            raise self.wrong(name, "a list of names")
        resolved = (self._resolve(name, entry) for entry in entries)
        return tuple(str(entry) for entry in resolved if entry is not None)

    def size(self, name: str, default: int) -> int:
        """Bytes of a size such as "50MiB"."""
        value = self._value(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return default if value is None else value
        match = _SIZE.match(str(value).strip())
        if match is None:
            raise self.wrong(name, 'a size such as "50MiB"')
        return int(float(match[1]) * 1024 ** _UNITS[match[2].lower()])

    def seconds(self, name: str, default: str) -> float:
        """Seconds of a duration such as "1h30m"."""
        text = self.text(name, default) or "0s"
        parts = _DURATION.findall(text)
        if "".join(number + unit for number, unit in parts) != text and text != "0":
            raise self.wrong(name, 'a duration such as "1m30s"')
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise self.wrong(name, " or ".join(choice or '""' for choice in choices))
        return value

    def raw(self, name: str) -> Any:
        """Return what the file has, `env(NAME)` as written; None if nothing."""
        return self.values.get(name)

    def wrong(self, name: str, wanted: str) -> EdgeError:
        return EdgeError(f"{self.path}: {name} must be {wanted}.")

    def _value(self, name: str) -> Any:
        section = name.rpartition(".")[0]
        self._require_table(section)
        override = self.environ.get("SUPABASE_" + name.upper().replace(".", "_"))
        if override:
            return override
        if name in self.tables:
            raise self.wrong(name, "a value, not a table")
        return self._resolve(name, self.values.get(name))

    def _require_table(self, section: str) -> None:
        while section:
            if section in self.values:
                raise self.wrong(section, "a table")
            section = section.rpartition(".")[0]

    def _resolve(self, name: str, value: Any) -> Any:
        """Return the value, the variable's for `env(NAME)`, None if that is unset or empty."""
        reference = _REFERENCE.match(value) if isinstance(value, str) else None
        if reference is None:
            return value
        if given := self.environ.get(reference[1]):
            return given
        self.unset[name] = reference[1]
        return None


_FREE_NAMES: Final = ("edge_runtime.secrets", "db.vault", "functions", "storage.buckets")
"""Tables whose entries' names keep their case."""


def _flatten(
    table: Mapping[str, Any], prefix: str, values: dict[str, Any], tables: set[str]
) -> None:
    for name, value in table.items():
        path = f"{prefix}{name if prefix.rstrip('.') in _FREE_NAMES else name.lower()}"
        if isinstance(value, dict):
            tables.add(path)
            _flatten(cast("dict[str, Any]", value), f"{path}.", values, tables)
        else:
            values[path] = value


def iterate_known(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield settings outside of [remotes], which override others for one hosted project only."""
    yield from ((name, value) for name, value in values.items() if not name.startswith("remotes."))
