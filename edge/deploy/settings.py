"""deploy.toml: the settings of each target, and overrides per environment and function.

target = "cloud-run"             # the default of `edge deploy`
optional_secrets = ["…"]         # credentials that may be missing; "slug:NAME" for one function

[variables]                      # set for every function; never a secret
SUPABASE_URL = "https://<project>.supabase.co"

[cloud-run]
project = "shop"
region = "europe-west1"

[cloud-run.functions.send-invite]
min_instances = 1

[env.production.cloud-run]       # overrides the above with --env production
project = "shop-production"
"""

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import EdgeError
from edge.project.toml_file import read_toml

TargetName = Literal["cloud-run", "knative", "container"]
TARGETS: Final[tuple[TargetName, ...]] = get_args(TargetName)
FILE: Final = "deploy.toml"
SINGLE_ENVIRONMENT: Final = "default"

_CREDENTIAL: Final = re.compile(r".*(KEY|KEYS|SECRET|TOKEN|PASSWORD|DB_URL|OTLP_HEADERS)")
_PUBLIC: Final = frozenset(
    ("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_PUBLISHABLE_KEYS")
)
_SIZE: Final = r"^\d+(MB|GB)$"
# Prebuilt wheels support Debian 12 best.
_PYTHON_IMAGE: Final = "python:3.11.13-slim-bookworm"


def mebibytes(size: str) -> int:
    """Parse a size such as `256MB` or `2GB` into megabytes."""
    return int(size[:-2]) * (1024 if size.endswith("GB") else 1)


def is_credential(name: str) -> bool:
    """Return whether a variable of this name holds a secret, judging by naming conventions."""
    return bool(_CREDENTIAL.fullmatch(name)) and name not in _PUBLIC


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CloudRun(_Table):
    """[cloud-run]; unset limits are taken from function.toml."""

    project: str
    region: str
    service_account: str | None = None
    base_image: str = "python311"
    cpu: str = "1"
    overhead: str = Field(default="256MB", pattern=_SIZE, description="for Python itself")
    concurrency: int | None = Field(default=None, ge=1, le=1000)
    min_instances: int = Field(default=0, ge=0)
    max_instances: int | None = Field(default=None, ge=1)
    cpu_throttling: bool = Field(
        default=False, description="true costs less and ends background work with the answer"
    )
    private: bool = Field(
        default=False, description="only callers with an identity token, such as a relay's"
    )
    name_prefix: str = Field(default="", pattern=r"^([a-z][a-z0-9-]*)?$")
    secret_prefix: str = Field(default="", pattern=r"^[A-Za-z0-9_-]*$")
    scheduler_location: str | None = None
    schedule_key: str = "SUPABASE_SERVICE_ROLE_KEY"
    project_number: int | None = None
    arguments: tuple[str, ...] = Field(default=(), description="passed on to gcloud run deploy")


class Knative(_Table):
    """[knative]; unset limits are taken from function.toml."""

    registry: str = Field(description="where images are pushed: ghcr.io/shop")
    namespace: str = "default"
    context: str | None = Field(default=None, description="kubectl's, if not the current one")
    service_account: str | None = None
    image_pull_secret: str | None = None
    base_image: str = _PYTHON_IMAGE
    cpu: str = "1"
    overhead: str = Field(default="256MB", pattern=_SIZE, description="for Python itself")
    concurrency: int | None = Field(default=None, ge=1, le=1000)
    concurrency_target: int | None = Field(default=None, ge=1)
    min_scale: int = Field(default=0, ge=0)
    max_scale: int | None = Field(default=None, ge=1)
    max_timeout: int = Field(default=600, ge=1, description="config-defaults' own")
    name_prefix: str = Field(default="", pattern=r"^([a-z][a-z0-9-]*)?$")
    secret: str = Field(default="edge-functions", description="the Secret that holds secrets")
    schedule_key: str = "SUPABASE_SERVICE_ROLE_KEY"


class Container(_Table):
    """[container]."""

    image: str = "edge-functions:latest"
    base_image: str = _PYTHON_IMAGE
    port: int = Field(default=8080, ge=1, le=65535)
    url: str | None = Field(default=None, description="where it is served, for relays")


_MODELS: Final[Mapping[TargetName, type[BaseModel]]] = {
    "cloud-run": CloudRun,
    "knative": Knative,
    "container": Container,
}
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Settings:
    """deploy.toml merged for one environment."""

    path: Path
    env: str
    project: str
    target: TargetName
    variables: Mapping[str, str]
    optional_secrets: frozenset[str]
    tables: Mapping[str, Any]

    @property
    def has_telemetry(self) -> bool:
        """Whether functions send traces and metrics: [variables] say where."""
        return any(name.startswith("OTEL_EXPORTER_OTLP_") for name in self.variables)

    def for_function(self, slug: str) -> "Settings":
        """Return the settings with the optional secrets of that function only."""
        own = {name.removeprefix(f"{slug}:") for name in self.optional_secrets}
        return replace(self, optional_secrets=frozenset(name for name in own if ":" not in name))

    def cloud_run(self, slug: str | None = None) -> CloudRun:
        """Return the target's settings, with the overrides for that function."""
        return self._read(CloudRun, "cloud-run", slug)

    def knative(self, slug: str | None = None) -> Knative:
        return self._read(Knative, "knative", slug)

    def container(self) -> Container:
        return self._read(Container, "container", None)

    def with_placeholders(self, target: TargetName) -> "tuple[Settings, tuple[str, ...]]":
        """Return settings that can be planned with, and the names of those that are not set.

        A setting that is required and missing becomes `<name>`.
        """
        table = _table(self.path, self.tables, target)
        fields = _MODELS[target].model_fields.items()
        missing = tuple(name for name, each in fields if each.is_required() and name not in table)
        filled = {**table, **{name: f"<{name}>" for name in missing}}
        return replace(self, tables={**self.tables, target: filled}), missing

    def check_functions(self, known: Collection[str]) -> None:
        """Raise EdgeError for settings of an unknown function."""
        for target in TARGETS:
            for name in _table(self.path, self.tables.get(target, {}), "functions"):
                if name not in known:
                    raise EdgeError(
                        f"{self.path}: [{target}.functions.{name}] names an unknown function.",
                        cure=_near(name, known),
                    )

    def _read(self, model: type[_Model], target: str, slug: str | None) -> _Model:
        table = dict(_table(self.path, self.tables, target))
        functions = _table(self.path, table, "functions")
        table.pop("functions", None)
        if slug:
            table |= _table(self.path, functions, slug)
        try:
            return model.model_validate(table)
        except ValidationError as exc:
            raise _wrong(self.path, target, self.env, model, exc) from exc


class _Top(_Table):
    """The top-level keys, outside the targets' tables."""

    target: TargetName = "cloud-run"
    project: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,63}$")
    default_env: str | None = None
    optional_secrets: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}


def load_settings(root: Path, env: str | None) -> Settings:
    """Load deploy.toml for `env`; without the file, the defaults. Raises EdgeError if invalid."""
    path = root / FILE
    document = _parse(path)
    environments = _table(path, document, "env")
    chosen = _choose_environment(path, env, document.get("default_env"), environments)
    own = _table(path, environments, chosen)
    merged = _merge({key: value for key, value in document.items() if key != "env"}, own)
    try:
        top = _Top.model_validate({k: v for k, v in merged.items() if k not in TARGETS})
    except ValidationError as exc:
        raise _wrong(path, "", chosen, _Top, exc) from exc
    _refuse_secrets(path, top.variables)
    return Settings(
        path=path,
        env=chosen,
        project=(top.project or _project_id(root)).lower(),
        target=top.target,
        variables=top.variables,
        optional_secrets=frozenset(top.optional_secrets),
        tables={name: merged.get(name, {}) for name in TARGETS},
    )


def _parse(path: Path) -> dict[str, Any]:
    try:
        return read_toml(path)
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as exc:
        raise EdgeError(f"{path} is not valid TOML: {exc}") from exc


def _choose_environment(
    path: Path, requested: str | None, default: str | None, known: Mapping[str, Any]
) -> str:
    name = requested or default or ("staging" if "staging" in known else None)
    if name is None:
        if not known:
            return SINGLE_ENVIRONMENT
        raise EdgeError(f"{path} has several environments.", cure=_near("", known, "--env "))
    if name not in known:
        raise EdgeError(f"{path}: there is no [env.{name}].", cure=_near(name, known, "--env "))
    return name


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge tables recursively; replace all other values."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[key] = _merge(cast("dict[str, Any]", below), cast("dict[str, Any]", value))
        else:
            merged[key] = value
    return merged


def _table(path: Path, document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Any = document.get(name, {})
    if not isinstance(found, dict):
        raise EdgeError(f"{path}: {name} must be a table: [{name}].")
    return cast("Mapping[str, Any]", found)


def _project_id(root: Path) -> str:
    """Return project_id of supabase/config.toml, else the folder's name."""
    try:
        config = read_toml(root / "supabase/config.toml")
    except (FileNotFoundError, tomllib.TOMLDecodeError):
        config = {}
    name = str(config.get("project_id") or root.resolve().name)
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:63] or "project"


def _refuse_secrets(path: Path, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        if is_credential(name) or value.startswith(("sb_secret_", "sk-")):
            raise EdgeError(
                f"{path}: variables.{name} looks like a secret; this file must hold none.",
                cure=f"edge secrets set {name}=… --target …",
            )


def _wrong(
    path: Path, table: str, env: str, model: type[BaseModel], exc: ValidationError
) -> EdgeError:
    faults: list[str] = []
    missing: list[str] = []
    for fault in exc.errors():
        key = ".".join(map(str, fault["loc"]))
        where = f"[{table}] {key}" if table else key
        if fault["type"] == "missing":
            faults.append(f"{path}: {where} is not set (environment {env}).")
            missing.append(key)
        elif fault["type"] == "extra_forbidden":
            near = get_close_matches(key, model.model_fields, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            faults.append(f"{path}: there is no setting {where}.{meant}")
        else:
            faults.append(f"{path}: {where}: {fault['msg']}.")
    known = f"Settings are: {', '.join(model.model_fields)}."
    lines = "".join(f'\n    {key} = "…"' for key in missing)
    cure = f"Write into {path}:\n    [{table}]{lines}" if missing else known
    return EdgeError("\n".join(faults), cure=cure)


def _near(name: str, known: Collection[str], prefix: str = "") -> str:
    longer = [other for other in known if name and other.startswith(name)]
    if near := longer or get_close_matches(name, known, n=1):
        return f"Did you mean {prefix}{near[0]}?"
    return f"There are: {', '.join(sorted(known))}" if known else f"Write them into {FILE}."
