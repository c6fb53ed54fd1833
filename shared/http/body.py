"""From the bytes of a request to a validated model, with memory bounded and faults named."""

from itertools import islice
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import ClientDisconnect, Request

from shared.errors import BadInputError, TooLargeError, UnsupportedMediaError
from shared.http.encoding import BodyDecoder
from shared.http.json import find_unstorable, parse_document
from shared.http.validation import MAX_NAMED, fault_at, read_faults, wrong_fields

Model = TypeVar("Model", bound=BaseModel)

_MEGABYTE: Final = 1024 * 1024
MAX_BODY: Final = 10 * _MEGABYTE
# A sender that is still writing does not read our answer: take, and drop, a little more.
_DRAINED: Final = 4


class Input(BaseModel):
    """The base of every input model: nothing unknown, nothing converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


async def read_model(request: Request, model: type[Model], limit: int = MAX_BODY) -> Model:
    """Parse the request's JSON body as `model`."""
    _check_media_type(request.headers.get("content-type", ""))
    return parse_model(await read_bytes(request, limit), model)


def parse_model(content: bytes, model: type[Model]) -> Model:
    """Parse a JSON body as `model`. Raises BadInputError with the wrong fields."""
    text = _decode(content)
    _check_storable(parse_document(text))
    try:
        return model.model_validate_json(text)
    except ValidationError as exc:
        faults = list(islice(read_faults(exc), MAX_NAMED))
        # `from None`: the cause holds the body, and prints parts of it wherever it is logged.
        raise wrong_fields(faults, exc.error_count()) from None


async def read_optional_model(request: Request, model: type[Model], limit: int = MAX_BODY) -> Model:
    """Parse the request's JSON body as `model`; without a body, every field has its default."""
    content = await read_bytes(request, limit)
    if not content.strip():
        return model()
    return parse_model(content, model)


def _check_media_type(header: str) -> None:
    media_type = header.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        return
    found = f"not {media_type}" if media_type else "and the request names no Content-Type"
    raise UnsupportedMediaError(f"The body must be application/json, {found}.")


async def read_bytes(request: Request, limit: int = MAX_BODY) -> bytes:
    """Read the request's body; gzip and deflate are decoded, up to `limit` bytes."""
    body = bytearray()
    received = 0
    decoder = BodyDecoder(request.headers.get("content-encoding", ""))
    try:
        async for chunk in request.stream():
            received += len(chunk)
            if len(body) <= limit:
                body += decoder.decode(chunk, limit + 1 - len(body))
            elif received > limit * _DRAINED:
                break
    except ClientDisconnect as exc:
        raise BadInputError("The request ended before its body did.", code="BODY_CUT") from exc
    if len(body) > limit:
        raise TooLargeError(
            f"The body is larger than {limit // _MEGABYTE} MB, the most this function takes.",
            code="BODY_TOO_LARGE",
            metadata={"limit_bytes": limit},
        )
    decoder.finish()
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


def _check_storable(document: Any) -> None:
    found = find_unstorable(document)
    faults = [
        fault_at(place.location() if place else (), problem)
        for place, problem in islice(found, MAX_NAMED)
    ]
    if faults:
        raise wrong_fields(faults, len(faults) + sum(1 for _ in found))
