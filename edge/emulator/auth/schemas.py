"""The request bodies, and how they are read: as Go's decoder reads GoTrue's structs.

Keys that are null count as absent. The names of the classes are those of GoTrue's structs, since
type errors name them.
"""

from types import NoneType, UnionType
from typing import Any, ClassVar, Final, TypeVar, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from starlette.requests import Request

from edge.bodies import BodyTooLongError, read_at_most
from edge.emulator.auth.errors import BAD_JSON, BAD_TEXT, BODY_TOO_LARGE, TOO_MANY_VALUES
from edge.emulator.auth.go_json import describe_syntax_error
from edge.emulator.dense_json import is_dense

Body = TypeVar("Body", bound="Params")
Metadata = dict[str, Any]

_MAX_DESCRIBED: Final = 16_384  # what is scanned for its first fault
_GO_TYPES: Final = {str: "string", bool: "bool", int: "int", dict: "map[string]interface {}"}
_GO_KINDS: Final[dict[type, str]] = {
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    list: "array",
}


class Params(BaseModel):
    """A request body."""

    model_config = ConfigDict(strict=True, extra="ignore", defer_build=True)
    go_name: ClassVar[str] = ""

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        given = cast("dict[str, Any]", value)
        return {key: entry for key, entry in given.items() if entry is not None}


class PkceParams(Params):
    code_challenge: str = ""
    code_challenge_method: str = ""


class SignupParams(PkceParams):
    email: str = ""
    phone: str = ""
    password: str = ""
    data: Metadata = {}
    channel: str = ""


class PasswordGrantParams(Params):
    email: str = ""
    phone: str = ""
    password: str = ""


class RefreshTokenGrantParams(Params):
    refresh_token: str = ""


class PKCEGrantParams(Params):
    auth_code: str = ""
    code_verifier: str = ""


class IdTokenGrantParams(Params):
    id_token: str = ""
    access_token: str = ""
    nonce: str = ""
    provider: str = ""
    client_id: str = ""
    issuer: str = ""
    link_identity: bool = False


class OtpParams(PkceParams):
    email: str = ""
    phone: str = ""
    create_user: bool = True
    data: Metadata = {}
    channel: str = ""


class RecoverParams(PkceParams):
    email: str = ""


class ResendConfirmationParams(PkceParams):
    type: str = ""
    email: str = ""
    phone: str = ""


class VerifyParams(Params):
    type: str = ""
    token: str = ""
    token_hash: str = ""
    email: str = ""
    phone: str = ""
    redirect_to: str = ""


class UserUpdateParams(PkceParams):
    email: str = ""
    password: str | None = None
    current_password: str | None = None
    nonce: str = ""
    data: Metadata | None = None
    app_metadata: Metadata | None = None
    phone: str = ""
    channel: str = ""


class AdminUserParams(Params):
    id: str = ""
    aud: str = ""
    role: str = ""
    email: str = ""
    phone: str = ""
    password: str | None = None
    password_hash: str = ""
    email_confirm: bool = False
    phone_confirm: bool = False
    user_metadata: Metadata | None = None
    app_metadata: Metadata | None = None
    ban_duration: str = ""


class AdminUserDeleteParams(Params):
    go_name: ClassVar[str] = "adminUserDeleteParams"
    should_soft_delete: bool = False


class AdminUserUpdateFactorParams(Params):
    go_name: ClassVar[str] = "adminUserUpdateFactorParams"
    friendly_name: str = ""
    phone: str = ""


class InviteParams(Params):
    email: str = ""
    data: Metadata = {}


class GenerateLinkParams(Params):
    type: str = ""
    email: str = ""
    new_email: str = ""
    password: str = ""
    data: Metadata = {}
    redirect_to: str = ""


class EnrollFactorParams(Params):
    friendly_name: str = ""
    factor_type: str = ""
    issuer: str = ""
    phone: str = ""


class ChallengeFactorParams(Params):
    channel: str = ""


class VerifyFactorParams(Params):
    challenge_id: str = ""
    code: str = ""


class OAuthClientParams(Params):
    go_name: ClassVar[str] = "OAuthServerClientRegisterParams"
    redirect_uris: list[str] | None = None
    client_type: str = ""
    token_endpoint_auth_method: str | None = None
    grant_types: list[str] | None = None
    client_name: str | None = None
    client_uri: str | None = None
    logo_uri: str | None = None


async def read_body(
    request: Request, model: type[Body], *, limit: int, may_be_empty: bool = False
) -> Body:
    """Parse the request's JSON body as `model`; raises bad_json, or request_entity_too_large.

    No event loop can wait for bodies of many values, and no token holds as many. `limit` is in
    bytes; with `may_be_empty` an empty body is `{}`.
    """
    raw = await read_bytes(request, limit)
    if is_dense(raw):
        raise TOO_MANY_VALUES.error()
    try:
        return model.model_validate_json(raw or (b"{}" if may_be_empty else b""))
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_context=False)[0]
        if error["type"] == "json_invalid" or not isinstance(error["input"], object):
            short = len(raw) <= _MAX_DESCRIBED
            reason = describe_syntax_error(raw) if short else "the text is not valid JSON"
        else:
            reason = _describe_type_error(model, error["loc"], error["input"])
        if reason is None:
            raise BAD_TEXT.error() from exc
        raise BAD_JSON.error(reason=reason) from exc


async def read_bytes(request: Request, limit: int) -> bytes:
    try:
        return await read_at_most(request, limit)
    except BodyTooLongError as exc:
        raise BODY_TOO_LARGE.error(limit=limit) from exc


def _describe_type_error(model: type[Params], place: tuple[int | str, ...], given: object) -> str:
    kind = _GO_KINDS.get(type(given), "object")
    name = f"api.{model.__name__}"
    if not place:
        return f"json: cannot unmarshal {kind} into Go value of type {name}"
    field = str(place[0])
    annotation = model.model_fields[field].annotation
    inner = len(place) > 1 and isinstance(place[-1], int)
    owner = model.go_name or model.__name__
    return (
        f"json: cannot unmarshal {kind} into Go struct field {owner}.{field}"
        f" of type {_go_type(annotation, inner=inner)}"
    )


def _go_type(annotation: Any, *, inner: bool) -> str:
    if isinstance(annotation, UnionType):
        annotation = next(part for part in get_args(annotation) if part is not NoneType)
    if get_origin(annotation) is list:
        return "string" if inner else "[]string"
    return _GO_TYPES.get(get_origin(annotation) or annotation, "string")
