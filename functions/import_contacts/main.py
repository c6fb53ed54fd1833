"""Import contacts into a campaign: valid rows in one transaction, errors reported by line.

POST ?campaign_id=UUID[&default_region=US][&on_error=skip|abort][&dry_run=true] with a list of at
most 100,000 rows and 50 MB: CSV (text/csv; UTF-8, UTF-16 or Windows-1252), an .xlsx workbook, JSON
([{phone, name, …}] or {contacts: […]}) or JSON Lines (application/x-ndjson).
Columns are recognized by their names in seven languages, phone numbers by their values as well;
others become dynamic variables of the conversation. A number without "+" belongs to the country of
its row, else to default_region; an ambiguous or damaged one is refused. Rows that say "do not call"
put their numbers on the do-not-call list and become no contacts.
200 {success, imported, rows, error_count, errors [{line, column, problem}], duplicate_count,
duplicates [{line, phone, already_in}], do_not_call_count, do_not_call_added, notices}; lists are
limited to the first thousand entries. With dry_run nothing is stored and no campaign is needed:
{success, dry_run, format, encoding, columns [{column, read_as, example}], preview [ten rows], …}.
With Accept: application/x-ndjson: {stage, rows} lines, then {result} or {error}.
400 INVALID_… · 400 ROWS_REFUSED (on_error=abort) · 403 ROLE_TOO_LOW · 404 CAMPAIGN_NOT_FOUND · 409
CAMPAIGN_FINISHED · 413 TOO_MANY_ROWS, BODY_TOO_LARGE, WORKBOOK_TOO_LARGE · 415 · 503
DATABASE_UNAVAILABLE · 504 DATABASE_TIMEOUT.
"""

import tempfile
from collections.abc import Mapping
from typing import IO, Any, Final

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse

from shared.context import Context
from shared.endpoint import Answer, endpoint
from shared.errors import BadInputError, TooLargeError

from .listing import Listing
from .progress import MEDIA_TYPE, render_lines
from .query import ImportQuery, parse_query
from .readers import Source, choose_format
from .run import abandon, run
from .staging import Import

_MAX_BYTES: Final = 50 << 20
_IN_MEMORY: Final = 1 << 20


@endpoint(auth=("user", "secret"))
async def main(ctx: Context) -> Answer:
    """Ask for the right to import, save the body to disk, stage its rows, commit."""
    query = parse_query(ctx.request.query_params)
    format_ = choose_format(ctx.request.headers.get("content-type", ""))
    importing = await _begin(ctx, query)
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - run closes it
    events = run(ctx, query, Listing(Source(file, format_), query.region), importing)
    try:
        with ctx.stage("receive"):
            await _receive(ctx, file)
    except BaseException:
        await events.aclose()
        file.close()
        await abandon(importing)
        raise
    if MEDIA_TYPE in ctx.request.headers.get("accept", ""):
        return StreamingResponse(render_lines(ctx, events), media_type=MEDIA_TYPE)
    result: Mapping[str, Any] = {}
    async for event in events:
        result = event.get("result", result)
    return result


async def _begin(ctx: Context, query: ImportQuery) -> Import | None:
    if query.campaign_id is None or query.is_dry_run:
        return None
    ctx.note(campaign_id=str(query.campaign_id))
    return await Import.begin(ctx, query.campaign_id)


async def _receive(ctx: Context, file: IO[bytes]) -> None:
    received = 0
    try:
        async for chunk in ctx.request.stream():
            received += len(chunk)
            if received > _MAX_BYTES:
                raise TooLargeError(
                    f"The list is larger than {_MAX_BYTES >> 20} MB: split it.",
                    code="BODY_TOO_LARGE",
                )
            file.write(chunk)
    except ClientDisconnect as exc:
        raise BadInputError("The request ended before its body did.", code="BODY_CUT") from exc
    file.seek(0)
