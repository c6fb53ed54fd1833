"""Run a plan's statement in one transaction, as the request's role. The only stage with I/O.

Follows PostgREST's Query.hs and Query/PreQuery.hs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.pq.abc import PGresult

from edge.emulator.postgres.pipeline import Statement, run_together
from edge.emulator.rest.config import RestConfig
from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.plan.tree import Call, Insert, Plan
from edge.emulator.rest.pool import Connection, Pool
from edge.emulator.rest.postgres_errors import translate
from edge.emulator.rest.request.api_request import ApiRequest, parse_cookies
from edge.emulator.rest.request.identity import Identity
from edge.emulator.rest.sql.fragment import Sql, identifier, join, parameter, sql
from edge.emulator.rest.sql.statement import render_estimate, render_statement

_READ_ONLY: Final = (b"begin read only", ())
_READ_WRITE: Final = (b"begin read write", ())
_COMMIT: Final = ((b"commit", ()),)
# Deferred constraints are checked first, so that tx=rollback raises what the commit would.
_ROLLBACK: Final = ((b"set constraints all immediate", ()), (b"rollback", ()))


@dataclass(frozen=True, slots=True)
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
    plan: Plan, request: ApiRequest, identity: Identity, *, pool: Pool, config: RestConfig
) -> ResultSet:
    """Run the plan; raises RestError for every failure."""
    statements = _transaction(plan, request, identity, config)
    is_anonymous = identity.role == config.anon_role
    async with pool.connection() as connection:
        try:
            return await _run(connection, statements, plan, request, config)
        except psycopg.Error as exc:
            raise translate(exc, is_anonymous=is_anonymous) from exc


async def _run(
    connection: Connection,
    statements: list[Statement],
    plan: Plan,
    request: ApiRequest,
    config: RestConfig,
) -> ResultSet:
    """Run in one round trip, or two if the result is checked before the commit."""
    end = _ROLLBACK if _rolls_back(request, config) else _COMMIT
    if not _needs_check(plan, request):
        results = await run_together(connection, [*statements, *end])
        return _read_result(results[: len(statements)], plan, config)
    result = _read_result(await run_together(connection, statements), plan, config)
    _check(result, plan, request)
    await run_together(connection, end)
    return result


def _read_result(results: Sequence[PGresult], plan: Plan, config: RestConfig) -> ResultSet:
    row = _first_row(results[-2] if plan.counts_by_plan else results[-1])
    total = None if row["total"] is None else int(row["total"])
    if plan.counts_by_plan:
        total = _estimated_total(total, _first_row(results[-1])["QUERY PLAN"], config.max_rows)
    location = row["location"]
    return ResultSet(
        total=total,
        count=int(row["count"] or 0),
        body=row["body"] or b"",
        headers=_text(row["headers"]),
        status=_text(row["status"]),
        inserted=None if row["inserted"] is None else int(row["inserted"]),
        location=json.loads(location) if location else None,
    )


def _first_row(result: PGresult) -> dict[str, bytes | None]:
    """Return the first row by column, in text format; both statements always return one."""
    names = ((result.fname(column) or b"").decode() for column in range(result.nfields))
    return {name: result.get_value(0, column) for column, name in enumerate(names)}


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _estimated_total(exact: int | None, estimate: bytes | None, max_rows: int | None) -> int | None:
    """Return the planner's estimate; for count=estimated only above `max_rows`."""
    guess = int(json.loads(estimate or b"")[0]["Plan"]["Plan Rows"])
    if exact is None:
        return guess
    return max(exact, guess) if max_rows is None or exact > max_rows else exact


def _needs_check(plan: Plan, request: ApiRequest) -> bool:
    if plan.source is None:
        return plan.media.is_single
    is_put = isinstance(plan.source, Insert) and bool(plan.source.conditions)
    return is_put or plan.media.is_single or request.preferences.affected_limit is not None


def _check(result: ResultSet, plan: Plan, request: ApiRequest) -> None:
    """Raise before the commit if the result violates the request's conditions."""
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


def _transaction(
    plan: Plan, request: ApiRequest, identity: Identity, config: RestConfig
) -> list[Statement]:
    statements: list[Statement] = [
        _READ_ONLY if plan.is_read_only else _READ_WRITE,
        _settings(plan, request, identity, config).render(),
    ]
    if config.pre_request:
        parts = config.pre_request.split(".")
        statements.append(sql("select {}()", join(".", map(identifier, parts))).render())
    statements.append(render_statement(plan).render())
    if plan.counts_by_plan:
        statements.append(render_estimate(plan).render())
    return statements


def _settings(plan: Plan, request: ApiRequest, identity: Identity, config: RestConfig) -> Sql:
    """Render the settings that policies and functions read with current_setting()."""
    headers = {name: value for name, value in request.raw.headers.items() if name != "cookie"}
    settings = {
        "search_path": _search_path(request.schema, config),
        **dict(identity.settings),
        "role": identity.role,
        "request.jwt.claims": _json(identity.claims),
        "request.method": request.raw.method,
        "request.path": request.raw.path,
        "request.headers": _json(headers),
        "request.cookies": _json(parse_cookies(request.raw.headers.get("cookie"))),
    }
    if request.preferences.timezone:
        settings["timezone"] = request.preferences.timezone
    if isinstance(plan.source, Call):
        settings |= dict(plan.source.routine.settings)
    calls = (
        sql("set_config({}, {}, true)", parameter(name), parameter(value))
        for name, value in settings.items()
    )
    return sql("select {}", join(", ", calls))


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _search_path(schema: str, config: RestConfig) -> str:
    names = dict.fromkeys((schema, *config.extra_search_path))
    return ", ".join(identifier(name).text for name in names)
