"""Parse conditions, `not.eq.1`, and logic trees, `or=(a.eq.1,not.and(…))`.

Follows PostgREST's ApiRequest/QueryParams.hs (pOpExpr, pLogicTree).
"""

import re
from typing import Final, Literal

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.query.fields import parse_field, parse_name, parse_quoted
from edge.emulator.rest.query.scanner import Scanner
from edge.emulator.rest.query.terms import Condition, Filter, LogicGroup, LogicTree, Path

QUANTIFIED: Final = frozenset({"eq", "gte", "gt", "lte", "lt", "like", "ilike", "match", "imatch"})
SIMPLE: Final = frozenset({"neq", "cs", "cd", "ov", "sl", "sr", "nxr", "nxl", "adj"})
FULL_TEXT: Final = frozenset({"fts", "plfts", "phfts", "wfts"})
OPERATORS: Final = QUANTIFIED | SIMPLE | FULL_TEXT | {"isdistinct", "in", "is"}

_OPERATOR: Final = re.compile(r"([a-z]+)(?:\(([\w ]+)\))?\.")
_GROUP: Final = re.compile(r"(not\.)?(and|or)[ \t]*(?=\()")
_IS_VALUE: Final = re.compile(r"not_null|null|true|false|unknown", re.IGNORECASE)
_BARE_ELEMENT: Final = re.compile(r"[^,)]*")
_BRACED: Final = re.compile(r"\{[^{}]*\}")
_OPERATOR_LABEL: Final = "operator (eq, gt, ...)"
_EXPECTED_OPERATOR: Final = f'"not" or {_OPERATOR_LABEL}'
_IS_WORDS: Final = ("null", "not_null", "true", "false", "unknown")
_MAX_DEPTH: Final = 64


def parse_condition(text: str) -> Condition:
    """Parse a filter parameter's value; raises PGRST100."""
    scanner = Scanner(text, "failed to parse filter")
    condition = _parse_condition(scanner, in_tree=False)
    scanner.expect_end()
    return condition


def parse_logic(key: str, text: str) -> tuple[Path, LogicGroup]:
    """Parse a logic parameter: its key `embed.not.or`, its value `(a.eq.1,b.eq.2)`.

    As upstream, text after the last parenthesis is ignored.
    """
    names = _parse_logic_key(key)
    is_negated = "not" in names[:-1]
    path = tuple(name for name in names[:-1] if name != "not")
    operator = _logic_operator(names[-1])
    before = len(f"not.{operator}" if is_negated else operator)
    scanner = Scanner(text, "failed to parse logic tree", before)
    members = _parse_members(scanner, depth=0)
    return path, LogicGroup(operator, members, is_negated)


def _parse_logic_key(key: str) -> list[str]:
    scanner = Scanner(key, "failed to parse logic path")
    names = [parse_name(scanner)]
    while scanner.take("."):
        names.append(parse_name(scanner))
    scanner.expect_end()
    return names


def _logic_operator(name: str) -> Literal["and", "or"]:
    return "and" if name == "and" else "or"


def _parse_members(scanner: Scanner, depth: int) -> tuple[LogicTree, ...]:
    if depth > _MAX_DEPTH:
        raise scanner.failure(f"at most {_MAX_DEPTH} levels")
    scanner.skip_blank()
    scanner.expect("(")
    members = [_parse_tree(scanner, depth)]
    while scanner.take(","):
        members.append(_parse_tree(scanner, depth))
    scanner.skip_blank()
    scanner.expect(")", '"," or ")"')
    scanner.skip_blank()
    return tuple(members)


def _parse_tree(scanner: Scanner, depth: int) -> LogicTree:
    scanner.skip_blank()
    group = scanner.match(_GROUP)
    if group:
        members = _parse_members(scanner, depth + 1)
        return LogicGroup(_logic_operator(group[2]), members, bool(group[1]))
    if scanner.at_end or scanner.peek(")"):
        raise scanner.failure(
            "field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)"
        )
    field = parse_field(scanner)
    scanner.expect(".", "delimiter (.)")
    return Filter(field, _parse_condition(scanner, in_tree=True))


def _parse_condition(scanner: Scanner, *, in_tree: bool) -> Condition:
    is_negated = scanner.take("not.")
    start = scanner.position
    found = scanner.match(_OPERATOR)
    if found is None or not _is_known(found[1], found[2]):
        scanner.position = start
        raise _unknown_operator(scanner, is_negated=is_negated)
    operator, modifier = found[1], found[2]
    if operator == "in":
        return Condition("in", _parse_list(scanner), None, is_negated)
    if operator == "is":
        return Condition("is", _parse_is_value(scanner), None, is_negated)
    value = _parse_tree_value(scanner) if in_tree else _parse_rest(scanner)
    return Condition(operator, value, modifier, is_negated)


def _unknown_operator(scanner: Scanner, *, is_negated: bool) -> RestError:
    """Return PGRST100 with the place and the character that upstream's alternatives end at."""
    longest = max((len(name) for name in OPERATORS if scanner.peek(name)), default=0)
    # /projects?id=not1
    if not is_negated and scanner.peek("not") and longest < len("not"):
        scanner.position += len("not")
        return scanner.failure("delimiter (.)")
    # /projects?id=equal.1
    if longest:
        scanner.position += longest
        return scanner.failure(_OPERATOR_LABEL)
    # /projects?id=nope.1: no "not", because of its p
    first, expected = ("in", _OPERATOR_LABEL) if is_negated else ("not", _EXPECTED_OPERATOR)
    place = scanner.position + scanner.common_prefix(first)
    return scanner.failure(expected, unexpected=place)


def _is_known(operator: str, modifier: str | None) -> bool:
    if modifier is None:
        return operator in OPERATORS
    return operator in FULL_TEXT or (operator in QUANTIFIED and modifier in {"any", "all"})


def _parse_is_value(scanner: Scanner) -> str:
    found = scanner.match(_IS_VALUE)
    if found is None:
        # /projects?client_id=is.nil: the i is unexpected
        scanner.position += max(map(scanner.common_prefix, _IS_WORDS))
        raise scanner.failure(f"isVal: ({', '.join(_IS_WORDS)})")
    return found[0].lower()


def _parse_list(scanner: Scanner) -> tuple[str, ...]:
    scanner.skip_blank()
    scanner.expect("(")
    scanner.skip_blank()
    elements = [_parse_element(scanner)]
    while scanner.take(","):
        elements.append(_parse_element(scanner))
    scanner.expect(")", '")" or ","')
    scanner.skip_blank()
    return tuple(elements)


def _parse_element(scanner: Scanner) -> str:
    """Parse an element that is quoted as a whole, else everything up to a comma or parenthesis."""
    start = scanner.position
    quoted = parse_quoted(scanner)
    if quoted is not None and (scanner.at_end or scanner.peek(",") or scanner.peek(")")):
        return quoted
    scanner.position = start
    found = scanner.match(_BARE_ELEMENT)
    return found[0] if found else ""


def _parse_tree_value(scanner: Scanner) -> str:
    start = scanner.position
    braced = scanner.match(_BRACED)
    if braced:
        return braced[0]
    scanner.position = start
    return _parse_element(scanner)


def _parse_rest(scanner: Scanner) -> str:
    value = scanner.text[scanner.position :]
    scanner.position = len(scanner.text)
    return value
