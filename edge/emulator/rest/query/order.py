"""Parse `order=`.

Follows PostgREST's ApiRequest/QueryParams.hs (pOrder).
"""

import re
from typing import Final, Literal

from edge.emulator.rest.query.fields import parse_field, parse_name
from edge.emulator.rest.query.scanner import Scanner
from edge.emulator.rest.query.terms import OrderTerm

_NULLS: Final = re.compile(r"\.(nullsfirst|nullslast)")
_TERM_END: Final = re.compile(r"[ \t]*(?=,|$)")


def parse_order(text: str) -> tuple[OrderTerm, ...]:
    """Parse the parameter's terms; raises PGRST100."""
    scanner = Scanner(text, "failed to parse order")
    terms = [_parse_term(scanner)]
    while scanner.take(","):
        terms.append(_parse_term(scanner))
    return tuple(terms)


def _parse_term(scanner: Scanner) -> OrderTerm:
    scanner.skip_blank()
    start = scanner.position
    relation: str | None = parse_name(scanner)
    if scanner.take("("):
        field = parse_field(scanner)
        scanner.expect(")")
    else:
        scanner.position, relation = start, None
        field = parse_field(scanner)
    direction = _parse_direction(scanner)
    nulls = _parse_nulls(scanner)
    if not scanner.match(_TERM_END):
        raise scanner.failure(_expected(direction, nulls), quote="'" if nulls else '"')
    return OrderTerm(field, relation, direction, nulls)


def _parse_direction(scanner: Scanner) -> Literal["asc", "desc"] | None:
    if scanner.take(".asc"):
        return "asc"
    return "desc" if scanner.take(".desc") else None


def _parse_nulls(scanner: Scanner) -> Literal["nullsfirst", "nullslast"] | None:
    found = scanner.match(_NULLS)
    if found is None:
        return None
    return "nullsfirst" if found[1] == "nullsfirst" else "nullslast"


def _expected(direction: str | None, nulls: str | None) -> str:
    if nulls:
        return '"," or end of input'
    if direction:
        return '"nullsfirst" or "nullslast"'
    return '"asc", "desc", "nullsfirst" or "nullslast"'
