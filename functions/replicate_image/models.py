"""Models of Replicate: rows of api_models with their provider."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from shared.context import Context
from shared.errors import BadInputError, NotFoundError

_COLUMNS: Final = (
    "id, model_key, version, model_family, input_defaults, capabilities, is_active,"
    " api_providers(name, is_active)"
)
_VERSION: Final = re.compile(r"[0-9a-f]{32,64}")
_FAMILIES: Final = {"flux": "flux", "sdxl": "sdxl"}


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be asked."""

    id: str
    key: str
    version: str
    family: str
    defaults: Mapping[str, Any]
    capabilities: Mapping[str, Any]


async def find_model(ctx: Context, model_id: str) -> Model:
    """Return an active model of Replicate. Raises BadInputError."""
    query = ctx.admin.table("api_models").select(_COLUMNS).eq("id", model_id).limit(1)
    rows = cast("list[dict[str, Any]]", (await query.execute()).data)
    if not rows or not rows[0]["is_active"]:
        raise BadInputError("There is no active model of that id.", code="MODEL_NOT_FOUND")
    return _read(rows[0])


async def find_default(ctx: Context) -> Model:
    """Return the default image model. Raises NotFoundError."""
    query = (
        ctx.admin.table("api_models")
        .select(_COLUMNS)
        .eq("modality", "image")
        .eq("is_default", value=True)
        .limit(1)
    )
    rows = cast("list[dict[str, Any]]", (await query.execute()).data)
    if not rows:
        raise NotFoundError("No image model is the default.", code="MODEL_NOT_FOUND")
    return _read(rows[0])


async def find_reference_model(ctx: Context) -> Model | None:
    """Return the first active image model of Replicate that takes a reference image, if any."""
    query = (
        ctx.admin.table("api_models")
        .select(_COLUMNS.replace("api_providers(", "api_providers!inner("))
        .eq("modality", "image")
        .eq("is_active", value=True)
        .eq("api_providers.name", "replicate")
        .not_.is_("capabilities->>reference_input", "null")
        .order("priority", desc=True)
        .limit(1)
    )
    rows = cast("list[dict[str, Any]]", (await query.execute()).data)
    return _read(rows[0]) if rows else None


def _read(row: dict[str, Any]) -> Model:
    provider = row["api_providers"]
    if provider["name"] != "replicate" or not provider["is_active"]:
        raise BadInputError("The model is not one of Replicate's.", code="WRONG_PROVIDER")
    version = row["version"] or ""
    if not _VERSION.fullmatch(version):
        raise BadInputError(
            "The model's version must be 32 to 64 hexadecimal digits: set api_models.version.",
            code="MODEL_VERSION_INVALID",
        )
    family = row["model_family"] or row["model_key"]
    known = next((name for part, name in _FAMILIES.items() if part in family.lower()), "rv51")
    return Model(
        row["id"],
        row["model_key"],
        version,
        known,
        row["input_defaults"] or {},
        row["capabilities"] or {},
    )
