"""The body of a callback, under the names that workers' versions use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast
from uuid import UUID

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from shared.errors import BadInputError

Status = Literal["completed", "failed", "processing"]
_STATUSES: Final = ("completed", "failed", "processing")
_RETRYABLE: Final = frozenset({"oom", "timeout", "network", "worker_lost"})
_LEGACY: Final = (
    ("type", "assetType"),
    ("url", "tempStoragePath"),
    ("thumbnail_url", "thumbnailPath"),
    ("index", "assetIndex"),
)
_MAX_ERROR: Final = 2_000
_MAX_METADATA: Final = 65_536


def _either(*names: str) -> Any:
    return Field(default=None, validation_alias=AliasChoices(*names))


class Callback(BaseModel):
    """The body as sent; read_report checks what is needed of it."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    job_id: Any = _either("job_id", "jobId")
    status: Any = None
    assets: list[dict[str, Any]] | None = None
    results: dict[str, Any] | None = None
    error: Any = _either("error_message", "errorMessage", "error")
    worker_id: str | None = _either("worker_id", "workerId")
    attempt: int | None = None
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A callback that can be applied."""

    job_id: str
    status: Status
    assets: list[dict[str, Any]]
    error: str
    is_retryable: bool
    worker_id: str | None
    attempt: int | None
    metadata: Mapping[str, Any]


def read_report(body: Callback) -> Report:
    """Raise BadInputError for what cannot be applied to any job."""
    if not body.job_id or not body.status:
        raise BadInputError("Missing required fields: job_id/jobId, status", code="MISSING_FIELDS")
    if body.status not in _STATUSES:
        raise BadInputError(f"status must be one of {', '.join(_STATUSES)}.", code="INVALID_BODY")
    metadata = body.metadata or {}
    if len(json.dumps(metadata)) > _MAX_METADATA:
        raise BadInputError("metadata is larger than 64 kB.", code="INVALID_BODY")
    kind = metadata.get("error_type")
    error = body.error if isinstance(body.error, str) else str(body.error or "")
    attempt = metadata.get("attempt") if body.attempt is None else body.attempt
    return Report(
        job_id=_read_id(body.job_id),
        status=body.status,
        assets=_list_assets(body),
        error=(error or (f"{kind}: the worker failed" if kind else "The worker failed."))[
            :_MAX_ERROR
        ],
        is_retryable=metadata.get("retryable") is True
        or (kind in _RETRYABLE and metadata.get("retryable") is not False),
        worker_id=body.worker_id,
        attempt=attempt if isinstance(attempt, int) and not isinstance(attempt, bool) else None,
        metadata=metadata,
    )


def _list_assets(body: Callback) -> list[dict[str, Any]]:
    """Return the assets in the order of their indexes; older workers send them in `results`."""
    if body.assets:
        return body.assets
    legacy: Any = (body.results or {}).get("assets")
    if not isinstance(legacy, list):
        return []
    return [
        {
            **{name: entry.get(old) for name, old in _LEGACY},
            "metadata": {"duration": entry.get("durationSeconds")},
        }
        for entry in cast("list[dict[str, Any]]", legacy)
        if isinstance(entry, dict)  # pyright: ignore[reportUnnecessaryIsInstance] - as sent
    ]


def _read_id(given: object) -> str:
    try:
        return str(UUID(str(given)))
    except ValueError:
        raise BadInputError("job_id must be a uuid.", code="INVALID_BODY") from None
