"""POST /sql: run a statement as anybody; kept only with `write` and as postgres."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.console_api.audit import record
from edge.console_api.body import read_body
from edge.console_api.caller import read_identity
from edge.console_api.context import context_of
from edge.console_api.errors import ApiError, invalid
from edge.console_api.sql.execution import MAX_ROWS, Statement
from edge.console_api.sql.identity import POSTGRES
from edge.console_api.sql.service import MAX_QUERY, MAX_TIMEOUT_MS

_AUDITED: Final = 4000


class SqlRequest(BaseModel):
    """The body of POST /sql."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    query: Annotated[str, Field(max_length=MAX_QUERY)]
    as_: dict[str, Any] = Field(default_factory=dict, alias="as")
    write: bool = False
    explain: Literal["", "plan", "analyze"] = ""
    timeout_ms: Annotated[int, Field(ge=1, le=MAX_TIMEOUT_MS)] = 10_000
    max_rows: Annotated[int, Field(ge=1, le=MAX_ROWS)] = MAX_ROWS


async def _run_sql(request: Request) -> Response:
    context = context_of(request)
    asked = await read_body(request, SqlRequest)
    if not asked.query.strip() or "\0" in asked.query:
        raise invalid("`query` is one SQL statement.")
    identity = await read_identity(context, asked.as_)
    if asked.write:
        if identity.role != POSTGRES or asked.explain:
            raise ApiError(
                400,
                "WRITE_AS_POSTGRES",
                "Only plain statements as postgres are kept; as others they are rolled back.",
                "Leave `write` out to try the statement, or set the role to postgres.",
            )
        await record(context, "sql.write", "database", {"query": asked.query[:_AUDITED]})
    statement = Statement(
        asked.query,
        identity,
        asked.write,
        asked.explain,
        asked.timeout_ms,
        asked.max_rows,
    )
    status, body = await context.sql.run(statement)
    return Response(body, status, media_type="application/json")


ROUTES: Final = [Route("/sql", _run_sql, methods=["POST"])]
