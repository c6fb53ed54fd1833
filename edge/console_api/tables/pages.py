"""Turns a page's answer into rows, their keys and the next page's cursor, in the SQL process."""

from typing import Any

from edge.console_api.sql.execution import Statement, run
from edge.console_api.sql.values import encode
from edge.console_api.tables.query import Page, encode_cursor


def read_page(dsn: str, statement: Statement, page: Page) -> tuple[int, bytes]:
    """Return the status and the JSON of {data, keys, cut, next, …}, or of an error."""
    answer = run(dsn, statement)
    if "code" in answer:
        return 400, encode(answer)
    rows: list[list[Any]] = answer["rows"]
    shown = rows[: page.limit]
    is_last = len(rows) <= page.limit
    hidden = [row[page.columns :] for row in shown]
    keys = [dict(zip(page.keys, values[int(page.sort) :], strict=True)) for values in hidden]
    following = None
    if not is_last and shown:
        following = encode_cursor(hidden[-1] if page.keys else [page.offset + page.limit])
    return 200, encode(
        {
            "data": [row[: page.columns] for row in shown],
            "keys": keys if page.keys else None,
            "cut": [each for each in answer["cut"] if each["row"] < page.limit],
            "next": following,
            "tables": answer["tables"],
            "policies": answer["policies"],
            "duration_ms": answer["duration_ms"],
        }
    )
