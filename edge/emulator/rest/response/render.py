"""Render a result as status, headers and body. Pure.

Follows PostgREST's Response.hs.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast
from urllib.parse import quote

from edge.emulator.rest.errors import RestError, rest_error
from edge.emulator.rest.execute import ResultSet
from edge.emulator.rest.plan.tree import Call, Insert, Plan
from edge.emulator.rest.postgres_errors import is_final_status, is_header
from edge.emulator.rest.query.integers import parse_digits
from edge.emulator.rest.query.params import canonical_query
from edge.emulator.rest.record import record
from edge.emulator.rest.request.api_request import Action, ApiRequest
from edge.emulator.rest.request.preferences import Preferences, render_applied

Headers = tuple[tuple[str, str], ...]


@record
class Response:
    """An HTTP response."""

    status: int
    headers: Headers
    body: bytes = b""


def render_error(error: RestError, *, explains: bool = True) -> Response:
    """Render an error; without `explains` only its code and message."""
    content = error.body() if explains else {"code": error.code, "message": str(error)}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    body = text.encode(errors="replace")  # a name of the request may hold a lone surrogate
    headers = {
        "content-type": "application/json; charset=utf-8",
        "proxy-status": f"PostgREST; error={error.code}",
        **error.headers,
    }
    return Response(error.status, tuple(headers.items()), body)


def render_result(plan: Plan, request: ApiRequest, result: ResultSet) -> Response:
    """Render the response; the settings response.status and response.headers override it."""
    if plan.media.explain:
        return Response(200, tuple(_content_type(plan, request)), result.body)
    if isinstance(plan.source, Call):
        response = _render_call(plan, request, result)
    elif plan.source is None:
        response = _render_read(plan, request, result)
    else:
        response = _render_mutation(plan, request, result)
    return _override(response, result)


def _render_read(plan: Plan, request: ApiRequest, result: ResultSet) -> Response:
    query = canonical_query(request.raw.query)
    location = ("content-location", f"/{quote(request.name)}{'?' * bool(query)}{query}")
    return _render_rows(plan, request, result, [location])


def _render_call(plan: Plan, request: ApiRequest, result: ResultSet) -> Response:
    response = _render_rows(plan, request, result, [])
    if isinstance(plan.source, Call) and plan.source.routine.returns_void:
        without = {"content-type", "content-profile"}
        headers = tuple(pair for pair in response.headers if pair[0] not in without)
        return Response(204, headers)
    return response


def _render_rows(
    plan: Plan, request: ApiRequest, result: ResultSet, more: list[tuple[str, str]]
) -> Response:
    first = request.range.offset
    last = first + result.count - 1
    total = result.total
    if total is not None and first > total:
        details = f"An offset of {first} was requested, but there are only {total} rows."
        headers = {"content-range": f"*/{total}", **dict(_applied(plan, request))}
        raise rest_error("PGRST103", details=details, headers=headers)
    status = 206 if total is not None and result.count < total else 200
    headers = [
        ("content-range", _content_range(first, last, total)),
        *more,
        *_content_type(plan, request),
        *_applied(plan, request),
    ]
    return Response(status, tuple(headers), b"" if request.is_head else result.body)


def _render_mutation(plan: Plan, request: ApiRequest, result: ResultSet) -> Response:
    headers = [*_location(request, result), *_mutation_range(request, result)]
    headers += _applied(plan, request)
    status = _mutation_status(plan, request, result)
    if not request.preferences.wants_body:
        return Response(status, tuple(headers))
    return Response(status, (*headers, *_content_type(plan, request)), result.body)


def _mutation_status(plan: Plan, request: ApiRequest, result: ResultSet) -> int:
    if request.action is Action.CREATE:
        is_merge = isinstance(plan.source, Insert) and plan.source.counts_new_rows
        return 200 if is_merge and not result.inserted else 201
    if not request.preferences.wants_body:
        return 204
    if request.action is Action.UPSERT_ONE:
        return 201 if result.inserted else 200
    return 200


def _mutation_range(request: ApiRequest, result: ResultSet) -> list[tuple[str, str]]:
    if request.action is Action.UPSERT_ONE:
        return []
    total = result.count if request.preferences.count in {"exact", "estimated"} else None
    is_update = request.action is Action.UPDATE
    first, last = (0, result.count - 1) if is_update else (1, 0)
    return [("content-range", _content_range(first, last, total))]


def _location(request: ApiRequest, result: ResultSet) -> list[tuple[str, str]]:
    is_requested = request.preferences.returns == "headers-only" and result.count == 1
    if not (is_requested and result.location):
        return []
    query = "&".join(f"{quote(key)}={quote(value)}" for key, value in result.location.items())
    return [("location", f"/{quote(request.name)}?{query}")]


def _content_range(first: int, last: int, total: int | None) -> str:
    rows = f"{first}-{last}" if first <= last and total != 0 else "*"
    return f"{rows}/{'*' if total is None else total}"


def _content_type(plan: Plan, request: ApiRequest) -> list[tuple[str, str]]:
    headers = [("content-type", plan.media.content_type)]
    if request.is_profile_named:
        headers.append(("content-profile", request.schema))
    return headers


def _applied(plan: Plan, request: ApiRequest) -> list[tuple[str, str]]:
    if "prefer" not in request.raw.headers:
        return []
    applied = render_applied(_relevant(request.preferences, plan, request))
    return [("preference-applied", applied)] if applied else []


def _relevant(preferences: Preferences, plan: Plan, request: ApiRequest) -> Preferences:
    """Keep the preferences that apply to this kind of request."""
    has_conflicts = isinstance(plan.source, Insert) and bool(plan.source.conflict)
    is_create = request.action is Action.CREATE
    is_limited = request.is_routine or request.action in {Action.UPDATE, Action.DELETE}
    return replace(
        preferences,
        resolution=preferences.resolution if is_create and has_conflicts else None,
        returns=preferences.returns if request.is_mutation else None,
        missing=preferences.missing if is_create or request.action is Action.UPDATE else None,
        max_affected=preferences.max_affected if is_limited else None,
    )


def _override(response: Response, result: ResultSet) -> Response:
    if result.status is None and result.headers is None:
        return response
    status = response.status if result.status is None else _parse_status(result.status)
    extra = _parse_headers(result.headers) if result.headers else []
    names = {name for name, _ in extra}
    kept = tuple(pair for pair in response.headers if pair[0] not in names)
    return replace(response, status=status, headers=(*kept, *extra))


def _parse_status(text: str) -> int:
    status = parse_digits(text)
    if status is None or not is_final_status(status):
        raise rest_error("PGRST112")
    return status


def _parse_headers(text: str) -> list[tuple[str, str]]:
    try:
        entries: Any = json.loads(text)
    except ValueError as exc:
        raise rest_error("PGRST111") from exc
    if not isinstance(entries, list):
        raise rest_error("PGRST111")
    return [_parse_header(entry) for entry in cast("Iterable[Any]", entries)]


def _parse_header(entry: Any) -> tuple[str, str]:
    if not isinstance(entry, dict):
        raise rest_error("PGRST111")
    pairs = list(cast("Mapping[str, Any]", entry).items())
    if len(pairs) != 1 or not isinstance(pairs[0][1], str) or not is_header(*pairs[0]):
        raise rest_error("PGRST111")
    return pairs[0][0].lower(), pairs[0][1]
