"""Add a list of contacts to a campaign: all good rows in one transaction, the others told by line.

POST ?campaign_id=UUID[&default_region=US][&on_error=skip|abort] with a CSV (text/csv, header line,
UTF-8) or JSON ([{phone, name, …}] or {contacts: […]}), at most 100,000 rows and 50 MB.
A column of phone numbers is needed; name, email, company, notes, time_zone are known by usual
names, and any other column becomes a variable of the conversation.
200 {success, imported, rows, error_count, errors [{line, column, problem}], duplicate_count,
duplicates [{line, phone, already_in}]}; lists hold the first thousand.
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

from .listing import Row, read_csv, read_json
from .staging import MAX_ROWS, Import, Tally, TooManyRowsError
from .wish import Wish, read_wish

_MAX_BYTES: Final = 50 << 20
_IN_MEMORY: Final = 1 << 20
_READERS: Final = {"text/csv": read_csv, "application/json": read_json}


@endpoint(auth=("user", "secret"))
async def main(ctx: Context) -> dict[str, Any]:
    """Take the body onto disk, stage its rows, commit."""
    wish = read_wish(ctx.request.query_params)
    reader = _choose_reader(ctx)
    ctx.note(campaign_id=str(wish.campaign_id))
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        with ctx.stage("receive"):
            await _receive(ctx, file)
        importing = await Import.begin(ctx, wish.campaign_id)
        try:
            tally, answer = await _import(ctx, importing, reader(file), wish)
        except Exception:
            with suppress(Exception):  # what stays staged is swept a day later
                await importing.abandon()
            raise
    ctx.note(rows=tally.rows, imported=answer["imported"], errors=tally.faulty)
    return {
        "success": True,
        "rows": tally.rows,
        "error_count": tally.faulty,
        "errors": tally.faults,
        **answer,
    }


async def _import(
    ctx: Context, importing: Import, rows: Iterator[Row], wish: Wish
) -> tuple[Tally, dict[str, Any]]:
    with ctx.stage("stage"):
        try:
            tally = await importing.stage(rows, wish.region)
        except TooManyRowsError:
            raise TooLargeError(
                f"The list has more than {MAX_ROWS:,} rows: split it.", code="TOO_MANY_ROWS"
            ) from None
    if not tally.rows:
        raise BadInputError("The list has no rows.", code="EMPTY_LIST")
    if wish.aborts and tally.faulty:
        raise BadInputError(
            f"{tally.faulty} of {tally.rows} rows are faulty; nothing was imported.",
            code="ROWS_REFUSED",
            metadata={"errors": tally.faults},
        )
    with ctx.stage("commit"):
        return tally, await importing.commit(tally)


def _choose_reader(ctx: Context) -> Any:
    media_type = ctx.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        return _READERS[media_type]
    except KeyError:
        raise UnsupportedMediaError(
            f"The body must be text/csv or application/json, not {media_type or 'unnamed'}."
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
