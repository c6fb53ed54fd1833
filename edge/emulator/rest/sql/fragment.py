"""SQL fragments that cannot contain a client's text.

`sql()` takes only literal templates (the type checker enforces it) and other fragments; any other
text is a parameter, a quoted identifier, or an expression from Postgres' catalogue. Unlike
psycopg.sql's, a fragment carries its parameters, so that fragments join in any order.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, LiteralString

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.record import record
from edge.emulator.rest.schema.model import Identifier

_HOLE: Final = "\x00"
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")

Value = str | bytes | list[str] | None


@record
class Sql:
    """SQL text with a placeholder for each of `values`."""

    text: str = ""
    values: tuple[Value, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)

    def render(self) -> tuple[bytes, tuple[Value, ...]]:
        """Return the statement with $1, $2, … as placeholders, and their values."""
        head, *tails = self.text.split(_HOLE)
        numbered = (f"${number}{tail}" for number, tail in enumerate(tails, 1))
        return (head + "".join(numbered)).encode(), self.values


NOTHING: Final = Sql()


@lru_cache(maxsize=512)
def _split(template: str) -> tuple[str, ...]:
    return tuple(template.split("{}"))


def sql(template: LiteralString, *parts: Sql) -> Sql:
    """Return the template with its {} replaced by `parts`."""
    pieces = _split(template)
    text = [pieces[0]]
    values: list[Value] = []
    for part, piece in zip(parts, pieces[1:], strict=True):
        text += (part.text, piece)
        values += part.values
    return Sql("".join(text), tuple(values))


def join(separator: LiteralString, parts: Iterable[Sql]) -> Sql:
    parts = tuple(parts)
    values = tuple(value for part in parts for value in part.values)
    return Sql(separator.join(part.text for part in parts), values)


def parameter(value: Value) -> Sql:
    return Sql(_HOLE, (value,))


def identifier(name: str) -> Sql:
    """Quote a name: a column, an alias, a key of the response. Raises 22021 if it is no text."""
    if _NO_TEXT.search(name):
        raise RestError("22021", 400, 'invalid byte sequence for encoding "UTF8"')
    return Sql('"' + name.replace('"', '""') + '"')


def position(number: int) -> Sql:
    """Return the number of a column of the select list, for GROUP BY."""
    return Sql(str(number))


def qualified(name: Identifier) -> Sql:
    return sql("{}.{}", identifier(name.schema), identifier(name.name))


def from_catalogue(expression: str) -> Sql:
    """Return a type or default expression from Postgres' catalogue, unquoted."""
    return Sql(expression)
