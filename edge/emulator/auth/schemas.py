"""The request bodies of the routes, and how they are read."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from edge.emulator.auth.errors import BAD_JSON, BODY_TOO_LARGE

Body = TypeVar("Body", bound=BaseModel)


class SignupBody(BaseModel):
    email: str | None = None
    phone: str | None = None
    password: str | None = None
    data: dict[str, Any] | None = None


class PasswordGrantBody(BaseModel):
    email: str | None = None
    phone: str | None = None
    password: str | None = None


class RefreshGrantBody(BaseModel):
    refresh_token: str | None = None


class UpdateUserBody(BaseModel):
    """PUT /user."""

    email: str | None = None
    phone: str | None = None
    password: str | None = None
    data: dict[str, Any] | None = None


class AdminUserBody(BaseModel):
    """POST and PUT /admin/users."""

    id: str | None = None
    email: str | None = None
    phone: str | None = None
    password: str | None = None
    password_hash: str | None = None
    email_confirm: bool = False
    user_metadata: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None
    role: str | None = None
    ban_duration: str | None = None


class DeleteUserBody(BaseModel):
    should_soft_delete: bool = False


async def read_body(
    request: Request, model: type[Body], *, limit: int, may_be_empty: bool = False
) -> Body:
    """Parse the request's JSON body as `model`; raises bad_json, or EDGE_BODY_TOO_LARGE.

    `limit` is in bytes; with `may_be_empty` an empty body is `{}`.
    """
    raw = await _read_bytes(request, limit)
    try:
        return model.model_validate_json(raw or (b"{}" if may_be_empty else b""))
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = f"{place}: {first['msg']}" if place else first["msg"]
        raise BAD_JSON.error(reason=reason) from exc


async def _read_bytes(request: Request, limit: int) -> bytes:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > limit:
            raise BODY_TOO_LARGE.error(limit=limit)
    return bytes(raw)
