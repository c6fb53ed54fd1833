"""Parse an HTTP request into an ApiRequest: action, resource, parameters, payload. Pure.

Follows PostgREST's ApiRequest.hs.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.query.params import parse_query
from edge.emulator.rest.query.terms import Path, QueryParams, RowRange
from edge.emulator.rest.record import record
from edge.emulator.rest.request import media
from edge.emulator.rest.request.payload import Payload, parse_payload
from edge.emulator.rest.request.preferences import Preferences, parse_preferences

_RANGE: Final = re.compile(r"(\d{1,18})-(\d{0,18})")


class Action(StrEnum):
    """The action on the resource."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    UPSERT_ONE = "upsert_one"
    DELETE = "delete"
    CALL = "call"
    CALL_SAFELY = "call_safely"
    INSPECT = "inspect"
    OPTIONS = "options"


MUTATIONS: Final = frozenset({Action.CREATE, Action.UPDATE, Action.UPSERT_ONE, Action.DELETE})
_ON_TABLE: Final = {
    "GET": Action.READ,
    "HEAD": Action.READ,
    "POST": Action.CREATE,
    "PATCH": Action.UPDATE,
    "PUT": Action.UPSERT_ONE,
    "DELETE": Action.DELETE,
    "OPTIONS": Action.OPTIONS,
}
_ON_ROUTINE: Final = {
    "GET": Action.CALL_SAFELY,
    "HEAD": Action.CALL_SAFELY,
    "POST": Action.CALL,
    "OPTIONS": Action.OPTIONS,
}
_ON_ROOT: Final = {"GET": Action.INSPECT, "HEAD": Action.INSPECT, "OPTIONS": Action.OPTIONS}


@record
class RawRequest:
    """An HTTP request; header names in lower case, the path without the mount point.

    `payload` is what the body was parsed to already, if it is large.
    """

    method: str
    path: str
    query: bytes
    headers: Mapping[str, str]
    body: bytes = b""
    payload: Payload | None = None


@record
class ApiRequest:
    """A parsed request; `name` is a table, view or function, empty for the root."""

    action: Action
    name: str
    schema: str
    raw: RawRequest
    query: QueryParams
    preferences: Preferences
    content_type: str
    range: RowRange
    payload: Payload | None = None
    is_routine: bool = False
    is_profile_named: bool = False

    @property
    def is_head(self) -> bool:
        return self.raw.method == "HEAD"

    @property
    def is_mutation(self) -> bool:
        return self.action in MUTATIONS


def parse_request(raw: RawRequest, config: RestConfig) -> ApiRequest:
    """Parse the request; raises PGRST1xx for what is invalid in any schema."""
    name, is_routine = _parse_resource(raw.path)
    schema, is_named = _choose_schema(raw, config)
    action = _choose_action(raw.method, name, is_routine=is_routine)
    calls = is_routine and action is not Action.CALL
    query = parse_query(raw.query, with_arguments=calls)
    content_type = media.parse_content_type(raw.headers.get("content-type"))
    return ApiRequest(
        action=action,
        name=name,
        schema=schema,
        raw=raw,
        query=query,
        preferences=parse_preferences(
            [raw.headers.get("prefer", "")], allow_transaction=config.tx_allow_override
        ),
        content_type=content_type,
        range=_top_range(raw, query),
        payload=_parse_body(raw, action, content_type, query),
        is_routine=is_routine,
        is_profile_named=is_named,
    )


def _parse_resource(path: str) -> tuple[str, bool]:
    match path.strip("/").split("/"):
        case [name]:
            return name, False
        case ["rpc", name]:
            return name, True
        case _:
            raise rest_error("PGRST125")


def _choose_action(method: str, name: str, *, is_routine: bool) -> Action:
    actions = _ON_ROUTINE if is_routine else _ON_TABLE if name else _ON_ROOT
    action = actions.get(method)
    if action is None:
        raise rest_error("PGRST101" if is_routine else "PGRST117", method=method)
    return action


def _choose_schema(raw: RawRequest, config: RestConfig) -> tuple[str, bool]:
    is_write = raw.method in {"POST", "PATCH", "PUT", "DELETE"}
    profile = raw.headers.get("content-profile" if is_write else "accept-profile")
    if profile is None:
        return config.schemas[0], len(config.schemas) > 1
    if profile not in config.schemas:
        exposed = ", ".join(config.schemas)
        hint = f"Only the following schemas are exposed: {exposed}"
        raise rest_error("PGRST106", schema=profile, hint=hint)
    return profile, True


def _parse_body(
    raw: RawRequest, action: Action, content_type: str, query: QueryParams
) -> Payload | None:
    if action in {Action.CREATE, Action.UPDATE, Action.CALL}:
        is_call, columns = action is Action.CALL, query.columns
    elif action is Action.UPSERT_ONE:
        is_call, columns = False, None
    else:
        return None
    return raw.payload or parse_payload(raw.body, content_type, columns, for_routine=is_call)


_ROOT: Final[Path] = ()


def _top_range(raw: RawRequest, query: QueryParams) -> RowRange:
    """Intersect the Range header (GET only) with limit and offset."""
    requested = query.ranges.get(_ROOT, RowRange())
    if raw.method == "PUT" and not requested.is_all:
        raise rest_error("PGRST114")
    if (requested.limit or 0) < 0:
        details = "Limit should be greater than or equal to zero."
        raise rest_error("PGRST103", details=details)
    header = raw.headers.get("range") if raw.method == "GET" else None
    found = _RANGE.fullmatch(header) if header else None
    if found is None:
        return requested
    first, last = int(found[1]), int(found[2]) if found[2] else None
    if last is not None and last < first:
        details = (
            "The lower boundary must be lower than or equal to the upper boundary"
            " in the Range header."
        )
        raise rest_error("PGRST103", details=details)
    return _intersect(requested, first, last)


def _intersect(requested: RowRange, first: int, last: int | None) -> RowRange:
    if requested.limit == 0:
        return RowRange(0, 0)
    ends = [] if last is None else [last + 1]
    if requested.limit is not None:
        ends.append(requested.offset + requested.limit)
    start = max(requested.offset, first)
    limit = min(ends) - start if ends else None
    if limit is not None and limit <= 0:
        raise rest_error("PGRST103", details="Limit should be greater than or equal to zero.")
    return RowRange(start, limit)
