"""Run a plan's statement in one transaction, as the request's role. The only stage with I/O.

Follows PostgREST's Query.hs and Query/PreQuery.hs.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import psycopg
from psycopg.pq import Escaping
from psycopg.pq.abc import PGresult

from edge.cookies import read_cookies
from edge.emulator.postgres.pipeline import PipelineConnection, Statement
from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.plan.tree import Call, Insert, Plan
from edge.emulator.rest.pool import Pool
from edge.emulator.rest.postgres_errors import translate
from edge.emulator.rest.prepare import Prepared
from edge.emulator.rest.record import record
from edge.emulator.rest.request.api_request import ApiRequest
from edge.emulator.rest.request.identity import Identity
from edge.emulator.rest.sql.fragment import identifier, join, sql
from edge.emulator.rest.sql.statement import RESULT_COLUMNS
from edge.trace import current_request

_BEGIN: Final = (b"begin", ())
_COMMIT: Final = ((b"commit", ()),)
# Deferred constraints are checked first, so that tx=rollback raises what the commit would.
_ROLLBACK: Final = ((b"set constraints all immediate", ()), (b"rollback", ()))
_encode_json: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@record
class ResultSet:
    """The statement's row: `total` counts without the range, `count` the returned rows.

    `total` is None without `Prefer: count`, `inserted` unless the plan is an upsert.
    """

    total: int | None
    count: int
    body: bytes
    headers: str | None
    status: str | None
    inserted: int | None
    location: Mapping[str, str] | None


async def execute(
    prepared: Prepared, identity: Identity, *, pool: Pool, config: RestConfig
) -> ResultSet:
    """Run the request's statements; raises RestError for every failure."""
    statements = _transaction(prepared, identity, config)
    async with pool.connection() as connection:
        try:
            return await _run(connection, statements, prepared, identity.role, config)
        except psycopg.Error as exc:
            raise translate(exc, is_anonymous=identity.role == config.anon_role) from exc


async def run_as(
    identity: Identity, statement: Statement, *, pool: Pool, config: RestConfig
) -> PGresult:
    """Run a statement about the request, read-only, as its role; raises RestError."""
    settings = {**dict(identity.settings), "role": identity.role, "transaction_read_only": "on"}
    setting = set_config(tuple(settings)), tuple(settings.values())
    async with pool.connection() as connection:
        try:
            return (await connection.run([setting, statement], identity.role))[1]
        except psycopg.Error as exc:
            raise translate(exc, is_anonymous=identity.role == config.anon_role) from exc


async def run_for_request(
    request: ApiRequest,
    identity: Identity,
    statement: Statement,
    *,
    pool: Pool,
    config: RestConfig,
) -> PGresult:
    """Run a statement instead of the request's own, read-only; raises RestError."""
    settings = _request_settings(request, identity, config) | {"transaction_read_only": "on"}
    setting = set_config(tuple(settings)), tuple(settings.values())
    async with pool.connection() as connection:
        try:
            statements = [setting, *_pre_request(config), statement]
            return (await connection.run(statements, identity.role))[-1]
        except psycopg.Error as exc:
            raise translate(exc, is_anonymous=identity.role == config.anon_role) from exc


async def _run(
    connection: PipelineConnection,
    statements: list[Statement],
    prepared: Prepared,
    role: str,
    config: RestConfig,
) -> ResultSet:
    """Run in one round trip, or two if a write is checked before the commit."""
    plan, request = prepared.plan, prepared.request
    is_rolled_back, is_checked = _rolls_back(request, config), _needs_check(plan, request)
    if is_rolled_back and not is_checked:
        results = await connection.run([_BEGIN, *statements, *_ROLLBACK], role)
        return _read_result(results[1 : len(statements) + 1], plan, config)
    if plan.is_read_only or not is_checked:
        result = _read_result(await connection.run(statements, role), plan, config)
        _check(result, plan, request)
        return result
    results = await connection.run([_BEGIN, *statements], role)
    result = _read_result(results[1:], plan, config)
    _check(result, plan, request)
    await connection.run(_ROLLBACK if is_rolled_back else _COMMIT)
    return result


def _read_result(results: Sequence[PGresult], plan: Plan, config: RestConfig) -> ResultSet:
    main = results[-2] if plan.counts_by_plan else results[-1]
    if plan.media.explain:
        return _read_explanation(main)
    row = [main.get_value(0, column) for column in range(len(RESULT_COLUMNS))]
    total, count, body, headers, status, inserted, location = row
    exact = None if total is None else int(total)
    if plan.counts_by_plan:
        exact = _estimated_total(exact, results[-1].get_value(0, 0), config.max_rows)
    return ResultSet(
        total=exact,
        count=int(count or 0),
        body=_decode_body(body or b"", plan),
        headers=_text(headers),
        status=_text(status),
        inserted=None if inserted is None else int(inserted),
        location=json.loads(location) if location else None,
    )


def _decode_body(body: bytes, plan: Plan) -> bytes:
    handler = plan.body.handler
    return Escaping().unescape_bytea(body) if handler and handler.is_binary else body


def _read_explanation(result: PGresult) -> ResultSet:
    lines = [result.get_value(row, 0) or b"" for row in range(result.ntuples)]
    return ResultSet(None, 0, b"\n".join(lines), None, None, None, None)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _estimated_total(exact: int | None, estimate: bytes | None, max_rows: int | None) -> int | None:
    """Return the planner's estimate; for count=estimated only above `max_rows`."""
    guess = int(json.loads(estimate or b"")[0]["Plan"]["Plan Rows"])
    if exact is None:
        return guess
    return max(exact, guess) if max_rows is None or exact > max_rows else exact


def _needs_check(plan: Plan, request: ApiRequest) -> bool:
    if plan.media.explain:
        return False
    if plan.source is None:
        return plan.media.is_single
    is_put = isinstance(plan.source, Insert) and bool(plan.source.conditions)
    return is_put or plan.media.is_single or request.preferences.affected_limit is not None


def _check(result: ResultSet, plan: Plan, request: ApiRequest) -> None:
    """Raise before the commit if the result violates the request's conditions."""
    if plan.media.explain:
        return
    if isinstance(plan.source, Insert) and plan.source.conditions:
        if result.count != 1:
            raise rest_error("PGRST115")
    elif plan.media.is_single and result.count != 1:
        raise rest_error("PGRST116", details=f"The result contains {result.count} rows")
    limit = request.preferences.affected_limit
    if limit is not None and result.count > limit and not isinstance(plan.source, Insert):
        raise rest_error("PGRST124", details=f"The query affects {result.count} rows")


def _rolls_back(request: ApiRequest, config: RestConfig) -> bool:
    preferred = request.preferences.transaction
    return preferred == "rollback" or (config.tx_rollback and preferred != "commit")


def _transaction(prepared: Prepared, identity: Identity, config: RestConfig) -> list[Statement]:
    setting = _settings(prepared.plan, prepared.request, identity, config)
    return [setting, *_pre_request(config), *prepared.statements]


def _pre_request(config: RestConfig) -> list[Statement]:
    """Return the call of the function that runs before each request, if there is one."""
    if not config.pre_request:
        return []
    parts = config.pre_request.split(".")
    return [sql("select {}()", join(".", map(identifier, parts))).render()]


def _settings(plan: Plan, request: ApiRequest, identity: Identity, config: RestConfig) -> Statement:
    """Return the statement that sets what the plan runs under."""
    settings = _request_settings(request, identity, config)
    if plan.is_read_only:
        settings["transaction_read_only"] = "on"
    if request.preferences.timezone:
        settings["timezone"] = request.preferences.timezone
    if isinstance(plan.source, Call):
        settings |= dict(plan.source.routine.settings)
    return set_config(tuple(settings)), tuple(settings.values())


def _request_settings(
    request: ApiRequest, identity: Identity, config: RestConfig
) -> dict[str, str]:
    """Return the settings that policies and functions read with current_setting()."""
    raw = request.raw
    headers = {name: value for name, value in raw.headers.items() if name != "cookie"}
    settings = {
        "search_path": _search_path(request.schema, config),
        **dict(config.app_settings),
        **dict(identity.settings),
        "role": identity.role,
        "request.jwt.claims": identity.claims_json,
        "request.method": raw.method,
        "request.path": raw.path,
        "request.headers": _encode_json(headers),
        "request.cookies": _encode_json(read_cookies(raw.headers["cookie"]))
        if "cookie" in raw.headers
        else "{}",
    }
    if request_id := current_request.get():
        settings["application_name"] = f"request {request_id}"  # for Postgres's log
    return settings


@lru_cache(maxsize=512)
def set_config(names: tuple[str, ...]) -> bytes:
    """Return the statement that sets these settings; the names are ours or the catalogue's."""
    literals = ("'" + name.replace("'", "''") + "'" for name in names)
    calls = (f"set_config({name}, ${number}, true)" for number, name in enumerate(literals, 1))
    return f"select {', '.join(calls)}".encode()


@lru_cache
def _search_path(schema: str, config: RestConfig) -> str:
    names = dict.fromkeys((schema, *config.extra_search_path))
    return ", ".join(identifier(name).text for name in names)
