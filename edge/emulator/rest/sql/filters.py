"""Render predicates. Values are untyped parameters, which Postgres casts to the column's type.

Follows PostgREST's Query/SqlFragment.hs (pgFmtFilter, pgFmtLogicTree).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from edge.emulator.rest.plan.tree import (
    Comparison,
    EmbedPresence,
    Predicate,
    PredicateGroup,
)
from edge.emulator.rest.query.terms import Condition
from edge.emulator.rest.sql.columns import render_value
from edge.emulator.rest.sql.fragment import NOTHING, Sql, from_catalogue, join, parameter, sql

RenderPresence = Callable[[EmbedPresence], Sql]

_OPERATORS: Final[Mapping[str, Sql]] = {
    "eq": sql("="),
    "neq": sql("<>"),
    "gt": sql(">"),
    "gte": sql(">="),
    "lt": sql("<"),
    "lte": sql("<="),
    "like": sql("like"),
    "ilike": sql("ilike"),
    "match": sql("~"),
    "imatch": sql("~*"),
    "isdistinct": sql("is distinct from"),
    "cs": sql("@>"),
    "cd": sql("<@"),
    "ov": sql("&&"),
    "sl": sql("<<"),
    "sr": sql(">>"),
    "nxr": sql("&<"),
    "nxl": sql("&>"),
    "adj": sql("-|-"),
}
_QUERY_MAKERS: Final[Mapping[str, Sql]] = {
    "fts": sql("to_tsquery"),
    "plfts": sql("plainto_tsquery"),
    "phfts": sql("phraseto_tsquery"),
    "wfts": sql("websearch_to_tsquery"),
}
# IS takes keywords, not parameters.
_IS_VALUES: Final[Mapping[str, Sql]] = {
    "null": sql("null"),
    "not_null": sql("not null"),
    "true": sql("true"),
    "false": sql("false"),
    "unknown": sql("unknown"),
}


def render_where(predicates: Iterable[Predicate], presence: RenderPresence) -> Sql:
    """Render `a and b and c`; empty without predicates."""
    return join(" and ", (render_predicate(each, presence) for each in predicates))


def render_predicate(predicate: Predicate, presence: RenderPresence) -> Sql:
    if isinstance(predicate, Comparison):
        return _render_comparison(predicate)
    if isinstance(predicate, EmbedPresence):
        return presence(predicate)
    return _render_group(predicate, presence)


# /projects?or=(id.eq.1,name.eq.Lamp), /projects?not.and=(id.gt.1,id.lt.9)
def _render_group(group: PredicateGroup, presence: RenderPresence) -> Sql:
    members = [render_predicate(member, presence) for member in group.members]
    joined = join(" and ", members) if group.operator == "and" else join(" or ", members)
    return sql("not ({})", joined) if group.is_negated else sql("({})", joined)


def _render_comparison(comparison: Comparison) -> Sql:
    condition = comparison.condition
    value = render_value(comparison.value)
    # /projects?body=fts(english).word
    if condition.operator in _QUERY_MAKERS:
        rendered = _render_search(value, condition, is_tsvector=comparison.is_tsvector)
    # /projects?id=in.(1,2)
    elif condition.operator == "in":
        rendered = sql("{} = any ({})", value, _render_list(condition, comparison.parser))
    # /projects?client_id=is.null
    elif condition.operator == "is":
        rendered = sql("{} is {}", value, _IS_VALUES[_text(condition)])
    else:
        rendered = _render_operator(value, condition, comparison.parser)
    return sql("not {}", rendered) if condition.is_negated else rendered


def _text(condition: Condition) -> str:
    return condition.value if isinstance(condition.value, str) else ",".join(condition.value)


# /todos?color=in.(red,blue), where the domain of color has a cast from text
def _render_list(condition: Condition, parser: str | None) -> Sql:
    elements = parameter(_list_literal(condition))
    if parser is None:
        return elements
    return sql("select {}(unnest({}::text[]))", from_catalogue(parser), elements)


def _render_operator(value: Sql, condition: Condition, parser: str | None) -> Sql:
    text = _text(condition)
    # /projects?name=like.*x*, /projects?name=like(any).{a*,b*}
    if condition.operator in {"like", "ilike"}:
        text = text.replace("*", "%")
    operand = parameter(text)
    if parser and condition.operator not in {"like", "ilike", "isdistinct"}:
        operand = sql("{}({})", from_catalogue(parser), operand)
    # /projects?name=eq(any).{Lamp,Desk}
    if condition.modifier == "any":
        operand = sql("any ({})", operand)
    # /projects?name=like(all).{L*,*p}
    elif condition.modifier == "all":
        operand = sql("all ({})", operand)
    return sql("{} {} {}", value, _OPERATORS[condition.operator], operand)


def _render_search(value: Sql, condition: Condition, *, is_tsvector: bool) -> Sql:
    language = sql("{}, ", parameter(condition.modifier)) if condition.modifier else NOTHING
    vector = value if is_tsvector else sql("to_tsvector({}{})", language, value)
    query = parameter(_text(condition))
    maker = _QUERY_MAKERS[condition.operator]
    return sql("{} @@ {}({}{})", vector, maker, language, query)


def _list_literal(condition: Condition) -> str:
    """Return an array literal, which Postgres casts to the column's type: `{"a","b"}`."""
    # /projects?id=in.()
    if condition.value == ("",):
        return "{}"
    escaped = (element.replace("\\", "\\\\").replace('"', '\\"') for element in condition.value)
    return "{" + ",".join(f'"{element}"' for element in escaped) + "}"
