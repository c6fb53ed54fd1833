"""Describe the database for administrators, or run a query that may read next to nothing.

POST {action? schema | query, query?, limit? (100, at most 1,000)}, also without a body.
schema: 200 {tables [{name, columns, primary_key, relationships, row_security, …}], buckets,
edgeFunctions, timestamp}: the catalogue of `public`, never rows.
query: 200 {data, truncated, timestamp}: one SELECT, read-only, as the role schema_reader
(catalogue, templates, negative prompts, models, metrics), within 5 s and 1 MB.
400 INVALID_BODY, QUERY_MISSING, QUERY_FAILED · 403 ADMIN_REQUIRED · 504 DATABASE_TIMEOUT.
"""

from datetime import UTC, datetime
from typing import Any, Final, Literal, cast

from pydantic import ConfigDict, Field

from shared.auth.roles import require_admin
from shared.context import Context
from shared.database.rpc import call_rpc
from shared.endpoint import endpoint
from shared.errors import BadInputError
from shared.http.body import Input, read_optional_model
from shared.monitoring.monitor import monitored

_MAX_BODY: Final = 1 << 20
_SECONDS: Final = 15.0


class SchemaInput(Input):
    """What to show."""

    model_config = ConfigDict(extra="ignore")

    action: Literal["schema", "query"] = "schema"
    query: str = Field(default="", max_length=20_000)
    limit: int = Field(default=100, ge=1, le=1000)


@endpoint(auth=("user", "secret"))
async def main(ctx: Context) -> dict[str, Any]:
    """Check, ask the database, answer."""
    with monitored(ctx):
        body = await read_optional_model(ctx.request, SchemaInput, _MAX_BODY)
        await require_admin(ctx)
        answer = await (_query(ctx, body) if body.action == "query" else _describe(ctx))
        return {**answer, "timestamp": datetime.now(UTC).isoformat()}


async def _describe(ctx: Context) -> dict[str, Any]:
    described = await call_rpc(ctx.env.supabase, None, "describe_schema_v1", {}, seconds=_SECONDS)
    return cast("dict[str, Any]", described)


async def _query(ctx: Context, body: SchemaInput) -> dict[str, Any]:
    query = body.query.strip().rstrip(";").strip()
    if not query:
        raise BadInputError("The action query needs a query.", code="QUERY_MISSING")
    ctx.note(query=query[:1000])
    arguments = {"query": query, "most_rows": body.limit}
    answer = await call_rpc(ctx.env.supabase, None, "query_schema_v1", arguments, seconds=_SECONDS)
    if "error" in answer:
        raise BadInputError(
            f"The query failed: {answer['error']}",
            code="QUERY_FAILED",
            metadata={"sqlstate": answer["sqlstate"]},
        )
    return cast("dict[str, Any]", answer)
