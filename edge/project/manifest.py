"""function.toml and the folder around it: the one parser, for the runtime, deploy and the CLI."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from edge.errors import EdgeError
from edge.project.config_toml import FunctionConfig
from edge.project.limits import MEGABYTE, Limits, LimitsMode, apply_mode
from edge.project.toml_file import read_toml

FILE: Final = "function.toml"
ENTRYPOINT: Final = "main.py"
TARGET: Final = "main"
_SIZE: Final = r"^\d+(MB|GB)$"
_EVERY_SECONDS: Final = re.compile(r"^([1-9]|[1-5]\d) seconds?$")
_SLUG: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_-]*$")


class Manifest(BaseModel):
    """The settings of one function.toml and their defaults.

    `secrets` names the secrets that the function may read, besides SUPABASE_*.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    verify_jwt: bool = True
    entry_point: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_]\w*$",
        description="the function in main.py that is served: main, or the only decorated one",
    )
    secrets: tuple[str, ...] = ()
    enabled: bool = True
    schedule: str | None = Field(default=None, description="cron's five fields, or `N seconds`")
    schedule_body: str = Field(default="{}", description="JSON body of a scheduled call")
    policy: Literal["per_worker", "oneshot"] | None = None
    concurrency: int = Field(default=20, ge=1, description="requests in one worker")
    max_workers: int = Field(default=4, ge=1)
    websockets: int = Field(default=100, ge=1, description="open at a time in one worker")
    idle_timeout: float = Field(
        default=150, gt=0, description="seconds of a worker without requests, of a silent WebSocket"
    )
    timeout: float = Field(default=150, gt=0, le=3600, description="seconds to the first byte")
    memory: str = Field(default="256MB", pattern=_SIZE)
    cpu_soft_ms: int | None = Field(default=None, ge=1, description="per request; then retired")
    cpu_hard_ms: int | None = Field(default=None, ge=1, description="per request; then killed")
    wall_clock: float = Field(default=400, gt=0, description="seconds of a worker's life")
    body_limit: str = Field(default="50MB", pattern=_SIZE)
    stall_timeout: float = Field(
        default=6, gt=0, le=3600, description="seconds that async code may block the event loop"
    )
    rate_limit: float | None = Field(default=None, gt=0, description="requests a second")

    @field_validator("schedule")
    @classmethod
    def _is_cron(cls, schedule: str | None) -> str | None:
        if schedule and not _EVERY_SECONDS.match(schedule):
            try:
                CronSim(schedule, datetime.now(UTC))
            except CronSimError as exc:
                raise ValueError(f"{schedule!r} is no cron schedule: {exc}") from exc
        return schedule

    @field_validator("schedule_body")
    @classmethod
    def _is_json(cls, body: str) -> str:
        json.loads(body)
        return body

    @property
    def memory_bytes(self) -> int:
        return parse_size(self.memory)

    @property
    def body_limit_bytes(self) -> int:
        return parse_size(self.body_limit)

    def limits(self, mode: LimitsMode) -> Limits:
        """The limits of its workers under `mode`."""
        requested = Limits(
            memory=self.memory_bytes,
            cpu_soft=_seconds(self.cpu_soft_ms),
            cpu_hard=_seconds(self.cpu_hard_ms),
            wall_clock=self.wall_clock,
            first_byte=self.timeout,
            body=self.body_limit_bytes,
            rate=self.rate_limit,
            stall=self.stall_timeout,
        )
        return apply_mode(requested, mode)

    def as_written(self) -> dict[str, Any]:
        """The settings that the file names, without the defaults."""
        return self.model_dump(mode="json", exclude_unset=True)


class ManifestError(EdgeError):
    """A function.toml that cannot be used; names the file, each faulty key, and the cure."""


@dataclass(frozen=True, slots=True)
class Function:
    """One deployable folder; with a `fault` in its function.toml it cannot boot."""

    slug: str
    folder: Path
    manifest: Manifest
    fault: str | None = None
    entrypoint: Path | None = None
    """The file that config.toml names, if it is not the folder's main.py."""

    @property
    def source(self) -> Path:
        return self.entrypoint or self.folder / ENTRYPOINT


def parse_size(size: str) -> int:
    """Bytes of a size like `256MB` or `2GB`; a megabyte is 1024 * 1024 bytes."""
    unit = 1024 if size.endswith("GB") else 1
    return int(size[:-2]) * unit * MEGABYTE


def slug_of(folder_name: str) -> str:
    """The slug of a folder: `send_invite` serves `send-invite`."""
    return folder_name.replace("_", "-")


def discover(
    root: Path, configured: Mapping[str, FunctionConfig] | None = None
) -> dict[str, Function]:
    """The functions below `root` by slug: folders with a main.py and a valid name.

    `configured` are config.toml's settings, which hold where function.toml has no setting of its
    own; an `entrypoint` there that is a Python file is served from where it is. A faulty
    function.toml becomes the function's `fault`, so that the others are still served.
    Raises EdgeError if two folders have the same slug.
    """
    found: dict[str, Function] = {}
    for source in sorted(root.glob(f"*/{ENTRYPOINT}")):
        if not _SLUG.match(source.parent.name):
            continue
        function = _configure(_read_function(source.parent), configured or {})
        if twin := found.get(function.slug):
            raise EdgeError(
                f"{twin.folder} and {function.folder} would both serve {function.slug}.",
                cure="Rename one of the folders.",
            )
        found[function.slug] = function
    for name, config in (configured or {}).items():
        if function := _read_entrypoint(root, name, config):
            found[function.slug] = _configure(function, configured or {})
    return found


def _read_entrypoint(root: Path, name: str, config: FunctionConfig) -> Function | None:
    """Return the function if config.toml names a Python file for it, other than its main.py."""
    path = config.entrypoint
    if path is None or path.suffix != ".py" or not _SLUG.match(name):
        return None
    folders = [root / name, root / name.replace("-", "_")]
    folder = next((folder for folder in folders if folder.is_dir()), path.parent)
    if path == (folder / ENTRYPOINT).resolve():
        return None
    function = replace(_read_function(folder), slug=slug_of(name), entrypoint=path)
    if path.is_file():
        return function
    fault = f"config.toml: functions.{name}.entrypoint: there is no file {path}"
    return replace(function, fault=fault)


def read_manifest(folder: Path) -> Manifest:
    """Parse the folder's function.toml; the defaults if there is none. Raises ManifestError."""
    path = folder / FILE
    try:
        return Manifest.model_validate(read_toml(path))
    except FileNotFoundError:
        return Manifest()
    except tomllib.TOMLDecodeError as exc:
        raise ManifestError(f"{path} is not valid TOML: {exc}") from exc
    except ValidationError as exc:
        raise _describe_faults(path, exc) from exc


def _read_function(folder: Path) -> Function:
    slug = slug_of(folder.name)
    try:
        return Function(slug, folder, read_manifest(folder))
    except ManifestError as exc:
        return Function(slug, folder, Manifest(), str(exc))


def find_config(
    function: Function, configured: Mapping[str, FunctionConfig]
) -> FunctionConfig | None:
    """Return the function's table of config.toml, under its folder's name or its slug."""
    names = (function.folder.name, function.slug, function.slug.replace("-", "_"))
    if function.entrypoint:  # the folder may hold several
        names = names[1:]
    return next((configured[name] for name in names if name in configured), None)


def _configure(function: Function, configured: Mapping[str, FunctionConfig]) -> Function:
    config = find_config(function, configured)
    if config is None:
        return function
    settings = {"enabled": config.enabled, "verify_jwt": config.verify_jwt}
    written = function.manifest.model_fields_set
    changes = {k: v for k, v in settings.items() if v is not None and k not in written}
    return replace(function, manifest=function.manifest.model_copy(update=changes))


def _describe_faults(path: Path, error: ValidationError) -> ManifestError:
    faults: list[str] = []
    for fault in error.errors():
        key = ".".join(map(str, fault["loc"]))
        if fault["type"] == "extra_forbidden":
            near = get_close_matches(key, Manifest.model_fields, n=1)
            suggestion = f" Did you mean {near[0]}?" if near else ""
            faults.append(f"{path}: there is no setting {key}.{suggestion}")
        else:
            faults.append(f"{path}: {key}: {fault['msg']}.")
    known = ", ".join(sorted(Manifest.model_fields))
    return ManifestError("\n".join(faults), cure=f"Settings are: {known}.")


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
