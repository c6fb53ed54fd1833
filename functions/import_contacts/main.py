"""Import contacts into a campaign: valid rows in one transaction, errors reported by line.

POST ?campaign_id=UUID[&default_region=US][&on_error=skip|abort] with a CSV (text/csv, header line,
UTF-8) or JSON ([{phone, name, …}] or {contacts: […]}), at most 100,000 rows and 50 MB.
A column of phone numbers is required. Common header names of name, email, company, notes and
time_zone are recognized; any other column becomes a dynamic variable of the conversation.
200 {success, imported, rows, error_count, errors [{line, column, problem}], duplicate_count,
duplicates [{line, phone, already_in}]}; lists are limited to the first thousand entries.
400 INVALID_… · 400 ROWS_REFUSED (on_error=abort) · 403 ROLE_TOO_LOW · 404 CAMPAIGN_NOT_FOUND · 409
CAMPAIGN_FINISHED · 413 TOO_MANY_ROWS, BODY_TOO_LARGE · 415 · 503 DATABASE_UNAVAILABLE.
"""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any, Final

from starlette.requests import ClientDisconnect

from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import BadInputError, TooLargeError, UnsupportedMediaError

from .query import ImportQuery, parse_query
from .readers import Row, read_csv, read_json
from .staging import MAX_ROWS, Import, Tally, TooManyRowsError

_MAX_BYTES: Final = 50 << 20
_IN_MEMORY: Final = 1 << 20
_READERS: Final = {"text/csv": read_csv, "application/json": read_json}


@endpoint(auth=("user", "secret"))
async def main(ctx: Context) -> dict[str, Any]:
    """Save the body to disk, stage its rows, commit."""
    query = parse_query(ctx.request.query_params)
    reader = _choose_reader(ctx)
    ctx.note(campaign_id=str(query.campaign_id))
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        with ctx.stage("receive"):
            await _receive(ctx, file)
        importing = await Import.begin(ctx, query.campaign_id)
        try:
            tally, answer = await _import(ctx, importing, reader(file), query)
        except Exception:
            with suppress(Exception):  # rows that stay staged are deleted a day later
                await importing.abandon()
            raise
    ctx.note(rows=tally.rows, imported=answer["imported"], errors=tally.invalid)
    return {
        "success": True,
        "rows": tally.rows,
        "error_count": tally.invalid,
        "errors": tally.errors,
        **answer,
    }


async def _import(
    ctx: Context, importing: Import, rows: Iterator[Row], query: ImportQuery
) -> tuple[Tally, dict[str, Any]]:
    with ctx.stage("stage"):
        try:
            tally = await importing.stage(rows, query.region)
        except TooManyRowsError:
            raise TooLargeError(
                f"The list has more than {MAX_ROWS:,} rows: split it.", code="TOO_MANY_ROWS"
            ) from None
    if not tally.rows:
        raise BadInputError("The list has no rows.", code="EMPTY_LIST")
    if query.aborts_on_error and tally.invalid:
        raise BadInputError(
            f"{tally.invalid} of {tally.rows} rows are invalid; nothing was imported.",
            code="ROWS_REFUSED",
            metadata={"errors": tally.errors},
        )
    with ctx.stage("commit"):
        return tally, await importing.commit(tally)


def _choose_reader(ctx: Context) -> Any:
    media_type = ctx.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        return _READERS[media_type]
    except KeyError:
        raise UnsupportedMediaError(
            f"The body must be text/csv or application/json, not {media_type or 'missing'}."
        ) from None


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
