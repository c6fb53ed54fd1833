"""Reads JSON bodies of bounded size into pydantic models."""

import asyncio
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from edge.bodies import BodyTooLongError, read_at_most
from edge.console_api.errors import ApiError, invalid
from edge.emulator.dense_json import has_more_values

_MAX_BODY: Final = 4 << 20
_MOST_VALUES: Final = 50_000  # more would hold the event loop, from a thread too
_SHORT: Final = 256 << 10
M = TypeVar("M", bound=BaseModel)


async def read_body(request: Request, model: type[M], most: int = _MAX_BODY) -> M:
    """Return the body as a model. Raises ApiError if it is too long or says something else."""
    try:
        body = await read_at_most(request, most) or b"{}"
    except BodyTooLongError as exc:
        message = f"The body is longer than {most >> 10} KB."
        raise ApiError(413, "BODY_TOO_LARGE", message) from exc
    if has_more_values(body, _MOST_VALUES):
        message = f"The body has more than {_MOST_VALUES:,} values."
        raise ApiError(413, "BODY_TOO_LARGE", message)
    try:
        if len(body) < _SHORT:
            return model.model_validate_json(body)
        return await asyncio.to_thread(model.model_validate_json, body)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise invalid(f"{where}: {first['msg']}") from exc
