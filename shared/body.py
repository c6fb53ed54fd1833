"""From the bytes of a request to a validated model, with memory bounded and every fault named."""

import json
from collections.abc import Iterator
from typing import Any, Final, NoReturn, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect, Request

from shared.errors import BadInputError, TooLargeError, UnsupportedMediaError

Model = TypeVar("Model", bound=BaseModel)

_MEGABYTE: Final = 1024 * 1024
MAX_BODY: Final = 10 * _MEGABYTE
# A sender that is still writing does not read our answer: take, and drop, a little more.
_DRAINED: Final = 4


class Input(BaseModel):
    """The base of every input model: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


async def read_model(request: Request, model: type[Model], limit: int = MAX_BODY) -> Model:
    """The request's JSON body as `model`."""
    _check_media_type(request.headers.get("content-type", ""))
    text = _decode(await _read_bytes(request, limit))
    _check_strings(_parse_json(text))
    try:
        return model.model_validate_json(text)
    except ValidationError as exc:
        raise _wrong_fields(exc) from exc


def _check_media_type(header: str) -> None:
    media_type = header.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        return
    found = f"not {media_type}" if media_type else "and the request names no Content-Type"
    raise UnsupportedMediaError(f"The body must be application/json, {found}.")


async def _read_bytes(request: Request, limit: int) -> bytes:
    body = bytearray()
    received = 0
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received <= limit:
                body += chunk
            elif received > limit * _DRAINED:
                break
    except ClientDisconnect as exc:
        raise BadInputError("The request ended before its body did.", code="BODY_CUT") from exc
    if received > limit:
        raise TooLargeError(
            f"The body is larger than {limit // _MEGABYTE} MB, the most this function takes.",
            code="BODY_TOO_LARGE",
            metadata={"limit_bytes": limit},
        )
    return bytes(body)


def _decode(body: bytes) -> str:
    if not body.strip():
        raise BadInputError("The request has no body; send a JSON object.", code="BODY_MISSING")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise BadInputError(
            f"The body is not valid UTF-8 at byte {exc.start}.", code="INVALID_UTF8"
        ) from exc


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as exc:
        message = f"The body is not valid JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}."
        raise BadInputError(message, code="INVALID_JSON") from exc
    except RecursionError as exc:
        raise BadInputError("The body is nested too deeply.", code="INVALID_JSON") from exc
    except ValueError as exc:
        raise BadInputError(f"The body is not valid JSON: {exc}.", code="INVALID_JSON") from exc


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _check_strings(value: Any) -> None:
    """Postgres stores neither NUL nor half a surrogate pair: say so here, and where."""
    faults = {path or "(body)": fault for path, text in _strings(value) if (fault := _fault(text))}
    if faults:
        raise _named_faults(faults)


def _strings(value: Any) -> Iterator[tuple[str, str]]:
    """Every string of a JSON value with its path, object keys among them; no recursion."""
    pending: list[tuple[str, Any]] = [("", value)]
    while pending:
        path, item = pending.pop()
        if isinstance(item, str):
            yield path, item
        elif isinstance(item, list):
            entries = enumerate(cast("list[Any]", item))
            pending += [(f"{path}[{index}]", entry) for index, entry in entries]
        elif isinstance(item, dict):
            fields = cast("dict[str, Any]", item)
            yield from ((f"{path}.(key)".lstrip("."), key) for key in fields)
            pending += [(f"{path}.{key}".lstrip("."), entry) for key, entry in fields.items()]


def _fault(text: str) -> str | None:
    if "\x00" in text:
        return "Contains a NUL character, which cannot be stored"
    try:
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:
        return "Contains half of a surrogate pair, which is no character"
    return None


def _wrong_fields(error: ValidationError) -> BadInputError:
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return _named_faults({_path(detail["loc"]): detail["msg"] for detail in details})


def _path(location: tuple[int | str, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).lstrip(".") or "(body)"


def _named_faults(faults: dict[str, str]) -> BadInputError:
    listed = "; ".join(f"{field}: {problem}" for field, problem in faults.items())
    return BadInputError(
        f"The body is not what this function takes. {listed}.".encode("utf-8", "replace").decode(),
        code="INVALID_BODY",
        metadata={"fields": [{"field": f, "problem": p} for f, p in faults.items()]},
    )
