"""Smoke checks as data: a request, and the expected status, code and headers."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationError

from edge.errors import EdgeError
from edge.project.manifest import Function
from edge.project.toml_file import read_toml

FILE: Final = "smoke.toml"
MARK: Final = "edge-smoke-check"


class Check(BaseModel):
    """One request. In `body` and `query`, $UUID becomes a new UUID and $MARK a marker.

    `signed` signs the body like a Retell webhook; a check that `writes` stores marked data only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    method: Literal["GET", "POST", "OPTIONS"] = "POST"
    caller: Literal["none", "anon", "service"] = "service"
    body: str | None = None
    content_type: str = "application/json"
    query: str = ""
    status: int
    code: str = ""
    headers: Mapping[str, str] = {}
    signed: Literal["", "rightly", "wrongly"] = ""
    writes: bool = False


def fill_text(text: str) -> str:
    """Replace $UUID and $MARK."""
    return text.replace("$UUID", str(uuid4())).replace("$MARK", f"{MARK}-{uuid4()}")


def checks_of(function: Function) -> tuple[Check, ...]:
    """Read the function's smoke.toml; without one, return a check of its preflight response.

    Raises EdgeError if the file is invalid.
    """
    path = function.folder / FILE
    if path.is_file():
        return _read(path)
    reachable: dict[str, Any] = {"name": "is reachable", "method": "OPTIONS", "caller": "none"}
    return (Check(**reachable, status=200),)


def _read(path: Path) -> tuple[Check, ...]:
    try:
        entries = read_toml(path).get("check", [])
        checks = tuple(Check.model_validate(entry) for entry in entries)
    except tomllib.TOMLDecodeError as exc:
        raise EdgeError(f"{path} is not valid TOML: {exc}") from exc
    except ValidationError as exc:
        faults = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors())
        raise EdgeError(f"{path}: {'; '.join(faults)}") from exc
    if not checks:
        raise EdgeError(f"{path} has no [[check]].")
    return checks


def code_of(body: bytes) -> str:
    """Return the error code of a response body, "" if it has none."""
    try:
        document = json.loads(body)
        return str(document.get("code") or document.get("error", {}).get("code", ""))
    except (ValueError, AttributeError):
        return ""
