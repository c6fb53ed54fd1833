"""A function's folder as data: its slug, entry point and what function.toml says."""

import json
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from cronsim import CronSim, CronSimError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from edge.errors import EdgeError
from edge.project.limits import MEGABYTE, Limits, LimitsMode, apply_mode

ENTRYPOINT: Final = "main.py"
TARGET: Final = "main"
_EVERY_SECONDS: Final = re.compile(r"^([1-9]|[1-5]\d) seconds?$")
_SLUG = re.compile(r"^[A-Za-z][A-Za-z0-9_-]*$")


class Policy(BaseModel):
    """What function.toml may say; `secrets` names what it may see besides SUPABASE_*."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verify_jwt: bool = True
    secrets: tuple[str, ...] = ()
    enabled: bool = True
    schedule: str | None = Field(default=None, description="cron's five fields, or `N seconds`")
    schedule_body: str = Field(default="{}", description="JSON that a scheduled call sends")
    policy: Literal["per_worker", "oneshot"] | None = None
    concurrency: int = Field(default=20, ge=1, description="requests in one worker")
    max_workers: int = Field(default=4, ge=1)
    idle_timeout: float = Field(default=150, gt=0, description="seconds")
    timeout: float = Field(default=150, gt=0, le=3600, description="seconds to the first byte")
    memory: str = Field(default="256MB", pattern=r"^\d+(MB|GB)$")
    cpu_soft_ms: int | None = Field(default=None, ge=1, description="a request; then retired")
    cpu_hard_ms: int | None = Field(default=None, ge=1, description="a request; then killed")
    wall_clock: float = Field(default=400, gt=0, description="seconds of a worker's life")
    body_limit: str = Field(default="50MB", pattern=r"^\d+(MB|GB)$")
    rate_limit: float | None = Field(default=None, gt=0, description="requests a second")

    @field_validator("schedule")
    @classmethod
    def _names_times(cls, schedule: str | None) -> str | None:
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

    def limits(self, mode: LimitsMode) -> Limits:
        """What its workers may use."""
        asked = Limits(
            memory=_bytes(self.memory),
            cpu_soft=_seconds(self.cpu_soft_ms),
            cpu_hard=_seconds(self.cpu_hard_ms),
            wall_clock=self.wall_clock,
            first_byte=self.timeout,
            body=_bytes(self.body_limit),
            rate=self.rate_limit,
        )
        return apply_mode(asked, mode)


@dataclass(frozen=True, slots=True)
class Function:
    """One deployable folder; with a `fault` in its function.toml it cannot boot."""

    slug: str
    folder: Path
    policy: Policy
    fault: str | None = None

    @property
    def source(self) -> Path:
        return self.folder / ENTRYPOINT


def _bytes(size: str) -> int:
    unit = 1024 if size.endswith("GB") else 1
    return int(size[:-2]) * unit * MEGABYTE


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def slug_of(folder_name: str) -> str:
    """`structured_data` serves `structured-data`: the one place where that is decided."""
    return folder_name.replace("_", "-")


def discover(root: Path) -> dict[str, Function]:
    """The functions below `root` by slug: folders with a main.py and a name fit for a slug."""
    found: dict[str, Function] = {}
    for source in sorted(root.glob(f"*/{ENTRYPOINT}")):
        if not _SLUG.match(source.parent.name):
            continue
        function = _read(source.parent)
        if twin := found.get(function.slug):
            raise EdgeError(
                f"{twin.folder} and {function.folder} would both serve {function.slug}.",
                cure="Rename one of the folders.",
            )
        found[function.slug] = function
    return found


def _read(folder: Path) -> Function:
    slug = slug_of(folder.name)
    path = folder / "function.toml"
    if not path.exists():
        return Function(slug, folder, Policy())
    try:
        return Function(slug, folder, Policy.model_validate(tomllib.loads(path.read_text())))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        fault = f"{path} is not valid TOML: {exc}"
    except ValidationError as exc:
        faults = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
        known = ", ".join(sorted(Policy.model_fields))
        fault = f"{path}: {'; '.join(faults)}. Settings are: {known}."
    return Function(slug, folder, Policy(), fault)
