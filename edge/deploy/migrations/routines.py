"""SQL functions as callers by RPC see them: parsed from `create` and `drop` statements."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_NAME: Final = r'(?:"[^"]+"|[\w$]+)'
_QUALIFIED: Final = rf"({_NAME}(?:\s*\.\s*{_NAME})?)"
_CREATE: Final = re.compile(rf"create\s+(?:or\s+replace\s+)?function\s+{_QUALIFIED}\s*\(", re.I)
_DROP: Final = re.compile(r"drop\s+(?:function|routine)\s+(?:if\s+exists\s+)?(.*)", re.I | re.S)
_RENAME: Final = re.compile(
    rf"alter\s+(?:function|routine)\s+{_QUALIFIED}\s*(\(.*?\))?\s*"
    rf"(?:rename\s+to\s+({_NAME})|set\s+schema\s+({_NAME}))",
    re.I | re.S,
)
_DEFAULT: Final = re.compile(r"\s(?:default\s|=)|:=|=", re.I)
_MODES: Final = frozenset(("in", "out", "inout", "variadic"))
_TYPES_OF_TWO_WORDS: Final = frozenset(
    ("double", "character", "timestamp", "time", "bit", "interval")
)


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's arguments: their names in order, those that a call must give, their types."""

    names: tuple[str, ...]
    required: frozenset[str]
    types: tuple[str, ...]

    def accepts(self, given: frozenset[str] | None) -> bool:
        """Whether a call with these names fits; None is a call whose names are not known."""
        is_whole_body = self.names == ("$1",)
        return given is None or is_whole_body or self.required <= given <= frozenset(self.names)

    def __str__(self) -> str:
        return f"({', '.join(self.names)})"


Routines = Mapping[str, tuple[Signature, ...]]
"""Overloads by the function's name, without the schema `public`."""


def apply_statement(routines: Routines, statement: str) -> Routines:
    """Return the functions that there are after the statement."""
    text = without_comments(statement)
    if made := _CREATE.match(text):
        name, signature = _bare(made[1]), _parse(_inside(text, made.end() - 1))
        kept = (each for each in routines.get(name, ()) if each.types != signature.types)
        return {**routines, name: (*kept, signature)}
    if dropped := _DROP.match(text):
        for target in split_at_commas(
            re.sub(r"\s(cascade|restrict)\s*;?\s*$", "", dropped[1], flags=re.I)
        ):
            routines = _drop(routines, target)
        return routines
    if renamed := _RENAME.match(text):
        name = _bare(renamed[1])
        new = _bare(renamed[3]) if renamed[3] else f"{_bare(renamed[4])}.{name}"
        found = routines.get(name, ())
        rest = {key: value for key, value in routines.items() if key != name}
        return {**rest, new.removeprefix("public."): found} if found else routines
    return routines


def without_comments(text: str) -> str:
    """Return the statement without leading and inner comments outside of quotes."""
    found = re.compile(r"('(?:[^']|'')*'|\"[^\"]*\"|\$(\w*)\$.*?\$\2\$)|--[^\n]*|/\*.*?\*/", re.S)
    return found.sub(lambda match: match[1] or " ", text).strip()


def split_at_commas(text: str) -> list[str]:
    """Split at commas outside of parentheses and quotes."""
    parts, depth, quote, start = list[str](), 0, "", 0
    for index, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def _inside(text: str, opening: int) -> str:
    """Return what is between the parenthesis at `opening` and the one that closes it."""
    depth, quote = 0, ""
    for index in range(opening, len(text)):
        letter = text[index]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
            if depth == 0:
                return text[opening + 1 : index]
    return text[opening + 1 :]


def _parse(arguments: str) -> Signature:
    names, required, types = list[str](), set[str](), list[str]()
    for argument in split_at_commas(arguments):
        declared, *default = _DEFAULT.split(argument, maxsplit=1)
        words = declared.split()
        mode = words.pop(0).lower() if words[0].lower() in _MODES else "in"
        if mode == "out" or not words:
            continue
        is_named = len(words) > 1 and words[0].lower() not in _TYPES_OF_TWO_WORDS
        name = _bare(words[0]) if is_named else f"${len(names) + 1}"
        names.append(name)
        types.append(_type(" ".join(words[1:] if is_named else words)))
        if not default and mode != "variadic":
            required.add(name)
    return Signature(tuple(names), frozenset(required), tuple(types))


def _drop(routines: Routines, target: str) -> Routines:
    name, parenthesis, arguments = target.rstrip("; \n").partition("(")
    name = _bare(name)
    if name not in routines:
        return routines
    if not parenthesis:
        return {**routines, name: ()}
    types = _parse(arguments.rpartition(")")[0]).types
    return {**routines, name: tuple(each for each in routines[name] if each.types != types)}


_ALIASES: Final = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "bool": "boolean",
    "float8": "double precision",
    "float4": "real",
    "varchar": "character varying",
    "timestamptz": "timestamp with time zone",
    "decimal": "numeric",
}


def _type(text: str) -> str:
    plain = re.sub(r"\([^)]*\)", "", text.lower()).replace('"', "").strip()
    plain = re.sub(r"^(public|extensions|pg_catalog)\.", "", plain)
    base, brackets, rest = plain.partition("[")
    return _ALIASES.get(base.strip(), base.strip()) + brackets + rest


def _bare(name: str) -> str:
    parts = re.findall(_NAME, name)
    plain = [part[1:-1] if part.startswith('"') else part.lower() for part in parts]
    return ".".join(plain).removeprefix("public.")
