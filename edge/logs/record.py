"""Parses the JSON line that a function logs for each request."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast

_LONGEST_MS: Final = 1e12
_FALLBACK_LEVELS: Final = range(10)


@dataclass(frozen=True, slots=True)
class Stage:
    """A named part of a request; `status` is success or error."""

    name: str
    status: str
    duration_ms: float


@dataclass(frozen=True, slots=True)
class Failure:
    """The error of a request; `provider` is set if an external service failed."""

    code: str
    message: str
    provider: str | None
    traceback: str | None


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A function's own record of one request; `fields` holds all members as they were written.

    `cache_hit` is None unless it looked into a cache; `fallback_level` is 0 if none was needed.
    """

    request_id: str
    status: int | None
    duration_ms: float | None
    stages: tuple[Stage, ...]
    failure: Failure | None
    cache_hit: bool | None
    fallback_level: int | None
    fields: Mapping[str, Any]


def parse_record(text: str) -> RequestRecord | None:
    """Parse a line; returns None unless it is a request record (functions print anything)."""
    if not text.startswith("{") or '"stages"' not in text:
        return None
    try:
        decoded = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    fields = cast("dict[str, Any]", decoded)
    request_id, stages = fields.get("request_id"), fields.get("stages")
    if not isinstance(request_id, str) or not isinstance(stages, dict):
        return None
    status, cache_hit = fields.get("status"), fields.get("cache_hit")
    return RequestRecord(
        request_id=request_id,
        status=status if isinstance(status, int) else None,
        duration_ms=_duration(fields.get("duration_ms")),
        stages=tuple(_stages(cast("dict[str, Any]", stages))),
        failure=_failure(fields.get("error")),
        cache_hit=cache_hit if isinstance(cache_hit, bool) else None,
        fallback_level=_level(fields.get("fallback_level")),
        fields=fields,
    )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _duration(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < _LONGEST_MS else None


def _level(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and value in _FALLBACK_LEVELS else None


def _stages(stages: Mapping[str, Any]) -> list[Stage]:
    found: list[Stage] = []
    for name, stage in stages.items():
        if not isinstance(stage, dict):
            continue
        members = cast("dict[str, Any]", stage)
        duration = _duration(members.get("duration_ms"))
        if duration is not None:
            found.append(Stage(name, str(members.get("status")), duration))
    return found


def _failure(error: Any) -> Failure | None:
    if not isinstance(error, dict):
        return Failure("", error, None, None) if isinstance(error, str) else None
    members = cast("dict[str, Any]", error)
    provider, traceback = members.get("provider"), members.get("traceback")
    return Failure(
        code=str(members.get("code", "")),
        message=str(members.get("message", "")),
        provider=provider if isinstance(provider, str) else None,
        traceback=traceback if isinstance(traceback, str) else None,
    )
