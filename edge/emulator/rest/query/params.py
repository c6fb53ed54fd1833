"""Parse a raw query string into QueryParams. See docs.postgrest.org, "URL grammar".

Follows PostgREST's ApiRequest/QueryParams.hs (parse).
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, quote, unquote_plus

from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.query.fields import parse_columns, parse_tree_path
from edge.emulator.rest.query.filters import OPERATORS, parse_condition, parse_logic
from edge.emulator.rest.query.integers import parse_integer
from edge.emulator.rest.query.order import parse_order
from edge.emulator.rest.query.select import parse_select
from edge.emulator.rest.query.terms import Filter, LogicTree, OrderTerm, Path, QueryParams, RowRange

_RESERVED: Final = frozenset({"select", "columns", "on_conflict"})


def parse_query(raw: bytes, *, with_arguments: bool) -> QueryParams:
    """Parse the query string; raises PGRST100.

    With `with_arguments` (GET /rpc/…) a parameter whose value is not a condition is an argument of
    the function; otherwise it is an error.
    """
    pairs = _split(raw)
    first = dict(reversed(pairs))
    arguments, filters = _parse_filters(pairs, with_arguments=with_arguments)
    return QueryParams(
        select=parse_select(first.get("select", "*")),
        filters=filters,
        orders=_parse_orders(pairs),
        ranges=_parse_ranges(pairs),
        columns=_parse_names(first, "columns"),
        on_conflict=_parse_names(first, "on_conflict"),
        arguments=arguments,
    )


def canonical_query(raw: bytes) -> str:
    """Return the query string sorted and percent-encoded, for the Content-Location header."""
    parts = raw.decode("ascii").split("&")
    return "&".join(text for _, text in sorted(map(_canonical_pair, filter(None, parts))))


@lru_cache(maxsize=2048)
def _canonical_pair(part: str) -> tuple[tuple[str, str], str]:
    key, _, value = part.partition("=")
    pair = unquote_plus(key, errors="strict"), unquote_plus(value, errors="strict")
    return pair, f"{quote(pair[0], safe='')}={quote(pair[1], safe='')}"


def _parse_names(parameters: Mapping[str, str], name: str) -> tuple[str, ...] | None:
    text = parameters.get(name)
    return None if text is None else parse_columns(text, f"failed to parse {name} parameter")


def _split(raw: bytes) -> list[tuple[str, str]]:
    try:
        text = raw.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=10_000)
    except ValueError as exc:
        raise rest_error(
            "PGRST100",
            subject="failed to parse the query string",
            column=1,
            details="It is not percent-encoded UTF-8, or holds too many parameters.",
        ) from exc


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _parse_filters(
    pairs: Iterable[tuple[str, str]], *, with_arguments: bool
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[Path, LogicTree], ...]]:
    arguments: list[tuple[str, str]] = []
    filters: list[tuple[Path, LogicTree]] = []
    for key, value in pairs:
        kind = _last(key)
        if kind in {"and", "or"}:
            filters.append(parse_logic(key, value))
        elif kind not in {"order", "limit", "offset"} and key not in _RESERVED:
            parsed = _parse_filter(key, value, or_argument=with_arguments)
            if parsed is None:
                arguments.append((key, value))
            else:
                filters.append(parsed)
    return tuple(arguments), tuple(filters)


def _parse_filter(key: str, value: str, *, or_argument: bool) -> tuple[Path, Filter] | None:
    if or_argument and not looks_like_condition(value):
        return None
    path, field = parse_tree_path(key)
    return path, Filter(field, parse_condition(value))


def looks_like_condition(value: str) -> bool:
    """Whether the value starts with an operator; a malformed rest is then an error."""
    head = value.removeprefix("not.").partition(".")[0].partition("(")[0]
    return "." in value and head in OPERATORS


def _parse_orders(
    pairs: Iterable[tuple[str, str]],
) -> tuple[tuple[Path, tuple[OrderTerm, ...]], ...]:
    return tuple(
        (parse_tree_path(key)[0], parse_order(value))
        for key, value in pairs
        if _last(key) == "order"
    )


def _parse_ranges(pairs: Iterable[tuple[str, str]]) -> Mapping[Path, RowRange]:
    ranges: dict[Path, RowRange] = {}
    for key, value in pairs:
        kind, number = _last(key), parse_integer(value)
        if kind not in {"limit", "offset"} or number is None:
            continue
        path = parse_tree_path(key)[0]
        before = ranges.get(path, RowRange())
        ranges[path] = (
            RowRange(before.offset, number)
            if kind == "limit"
            else RowRange(max(number, 0), before.limit)
        )
    return ranges
