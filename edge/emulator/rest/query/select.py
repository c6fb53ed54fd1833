"""Parse `select=`: fields, casts, aliases, JSON paths and embeds.

Follows PostgREST's ApiRequest/QueryParams.hs (pFieldForest).
"""

import re
from collections.abc import Mapping
from typing import Final

from edge.emulator.rest.query.fields import parse_field, parse_name
from edge.emulator.rest.query.scanner import Scanner
from edge.emulator.rest.query.terms import Aggregate, Field, SelectField, SelectItem, SelectRelation

_ALIAS_SEPARATOR: Final = re.compile(r":(?!:)")
_CAST: Final = re.compile(r"::([\w $]+)")
_AGGREGATE: Final = re.compile(r"\.(sum|avg|count|max|min)\(\)")
_AGGREGATES: Final[Mapping[str, Aggregate]] = {
    "sum": "sum",
    "avg": "avg",
    "count": "count",
    "max": "max",
    "min": "min",
}
_STAR: Final = re.compile(r"\*(?=[,)]|$)")
_ITEM_END: Final = re.compile(r"[ \t]*(?=[,)]|$)")
_MAX_DEPTH: Final = 64


def parse_select(text: str) -> tuple[SelectItem, ...]:
    """Parse the parameter's items; raises PGRST100.

    As upstream, text after an embed's last parenthesis is ignored.
    """
    return _parse_items(Scanner(text, "failed to parse select parameter"), depth=0)


def _parse_items(scanner: Scanner, depth: int) -> tuple[SelectItem, ...]:
    scanner.skip_blank()
    if scanner.at_end or scanner.peek(")"):
        return ()
    if depth > _MAX_DEPTH:
        raise scanner.failure(f"at most {_MAX_DEPTH} levels")
    items = [_parse_item(scanner, depth)]
    while scanner.take(","):
        items.append(_parse_item(scanner, depth))
    return tuple(items)


def _parse_item(scanner: Scanner, depth: int) -> SelectItem:
    scanner.skip_blank()
    if scanner.match(_STAR):
        return SelectField(Field("*"))
    is_spread = scanner.take("...")
    alias = None if is_spread else _parse_alias(scanner)
    if scanner.take("count()"):
        cast = _parse_cast(scanner)
        return _finish(scanner, SelectField(Field("*"), alias, None, "count", cast))
    relation = _parse_relation(scanner, alias, is_spread=is_spread, depth=depth)
    return relation or _parse_select_field(scanner, alias)


def _parse_alias(scanner: Scanner) -> str | None:
    start = scanner.position
    name = parse_name(scanner)
    if scanner.match(_ALIAS_SEPARATOR):
        return name
    scanner.position = start
    return None


def _parse_relation(
    scanner: Scanner, alias: str | None, *, is_spread: bool, depth: int
) -> SelectRelation | None:
    start = scanner.position
    target = parse_name(scanner)
    parameters = _parse_embed_parameters(scanner)
    if not scanner.take("("):
        if is_spread or parameters:
            raise scanner.failure('"("')
        scanner.position = start
        return None
    items = _parse_items(scanner, depth + 1)
    scanner.expect(")", '")" or ","')
    scanner.skip_blank()
    hints = [name for name in parameters if name not in {"inner", "left"}]
    return SelectRelation(
        target, items, alias, hints[0] if hints else None, "inner" in parameters, is_spread
    )


def _parse_embed_parameters(scanner: Scanner) -> list[str]:
    parameters: list[str] = []
    while len(parameters) < 2 and scanner.take("!"):
        parameters.append(parse_name(scanner))
    return parameters


def _parse_select_field(scanner: Scanner, alias: str | None) -> SelectField:
    field = parse_field(scanner)
    cast = _parse_cast(scanner)
    found = scanner.match(_AGGREGATE)
    if found is None:
        return _finish(scanner, SelectField(field, alias, cast))
    item = SelectField(field, alias, cast, _AGGREGATES[found[1]], _parse_cast(scanner))
    return _finish(scanner, item)


def _parse_cast(scanner: Scanner) -> str | None:
    found = scanner.match(_CAST)
    return found[1].strip() if found else None


def _finish(scanner: Scanner, item: SelectField) -> SelectField:
    if not scanner.match(_ITEM_END):
        raise scanner.failure(
            'letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input'
        )
    return item
