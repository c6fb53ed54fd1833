"""What supabase/config.toml says, as far as this stack reads it; the rest is the Supabase CLI's."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from edge.errors import EdgeError

Policy = Literal["per_worker", "oneshot"]

STATE_FOLDER: Final = ".edge"
"""Below the project: what outlives a run."""
DEFAULT_PORT: Final = 54321
DEFAULT_DB_PORT: Final = 54322
DEFAULT_INSPECTOR_PORT: Final = 8083
_REFERENCE: Final = re.compile(r"env\((\w+)\)")


@dataclass(frozen=True, slots=True)
class ProjectConfig:
    """The settings of a project, with the Supabase CLI's defaults."""

    port: int = DEFAULT_PORT
    db_port: int = DEFAULT_DB_PORT
    schemas: tuple[str, ...] = ("public",)
    max_rows: int | None = 1000
    policy: Policy = "per_worker"
    inspector_port: int = DEFAULT_INSPECTOR_PORT
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])


def read_config(path: Path, environ: Mapping[str, str]) -> ProjectConfig:
    """The file's settings, the defaults when there is no file."""
    if not path.exists():
        return ProjectConfig()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise EdgeError(f"{path} is not valid TOML: {exc}") from exc
    reader = _Reader(path, document)
    return ProjectConfig(
        port=reader.port("api", "port", DEFAULT_PORT),
        db_port=reader.port("db", "port", DEFAULT_DB_PORT),
        schemas=reader.names("api", "schemas", ("public",)),
        max_rows=reader.count("api", "max_rows", 1000),
        policy=reader.policy(),
        inspector_port=reader.port("edge_runtime", "inspector_port", DEFAULT_INSPECTOR_PORT),
        secrets=_resolve(reader.section("edge_runtime", "secrets"), environ),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes single values out of the document and names the one that cannot be."""

    path: Path
    document: Mapping[str, Any]

    def section(self, *names: str) -> Mapping[str, Any]:
        found = self.document
        for name in names:
            inner: Any = found.get(name, {})
            if not isinstance(inner, dict):
                raise self._wrong(".".join(names), "a table")
            found = cast("Mapping[str, Any]", inner)
        return found

    def count(self, section: str, name: str, default: int) -> int:
        value = self.section(section).get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._wrong(f"{section}.{name}", "a whole number")
        return value

    def port(self, section: str, name: str, default: int) -> int:
        value = self.count(section, name, default)
        if value > 65535:
            raise self._wrong(f"{section}.{name}", "a port, at most 65535")
        return value

    def names(self, section: str, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value: Any = self.section(section).get(name, default)
        if not isinstance(value, list | tuple) or not all(
            isinstance(entry, str) for entry in cast("list[Any]", value)
        ):
            raise self._wrong(f"{section}.{name}", "a list of names")
        return tuple(cast("list[str]", value)) or default

    def policy(self) -> Policy:
        value = self.section("edge_runtime").get("policy", "per_worker")
        if value not in get_args(Policy):
            raise self._wrong("edge_runtime.policy", " or ".join(get_args(Policy)))
        return value

    def _wrong(self, name: str, wanted: str) -> EdgeError:
        return EdgeError(f"{self.path}: {name} must be {wanted}.")


def _resolve(secrets: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """[edge_runtime.secrets]: NAME = "env(OTHER)" is what OTHER is in the shell, if it is set."""
    resolved: dict[str, str] = {}
    for name, value in secrets.items():
        reference = _REFERENCE.fullmatch(str(value))
        if reference is None:
            resolved[name] = str(value)
        elif reference[1] in environ:
            resolved[name] = environ[reference[1]]
    return resolved
