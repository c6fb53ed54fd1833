"""Parse names, JSON paths, column lists and paths to embeds.

Follows PostgREST's ApiRequest/QueryParams.hs (pField, pTreePath, pColumns).
"""

import re
from typing import Final

from edge.emulator.rest.query.scanner import Scanner
from edge.emulator.rest.query.terms import Field, JsonStep, Path

# A dash belongs to a name unless it begins an arrow.
_NAME: Final = re.compile(r"[\w $]+(?:-(?!>)[\w $]+)*")
_JSON_KEY: Final = re.compile(r"[^(\-:.,>)]+(?:-(?!>)[^(\-:.,>)]+)*")
_JSON_INDEX: Final = re.compile(r"-?\d+(?=->|::|\.|,|\)|$)")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


def parse_quoted(scanner: Scanner) -> str | None:
    """Parse a `"quoted value"`, in which a backslash escapes the next character."""
    found = scanner.match(_QUOTED)
    return _ESCAPED.sub(r"\1", found[1]) if found else None


def parse_name(scanner: Scanner) -> str:
    """Parse a column or relation name, bare or quoted."""
    quoted = parse_quoted(scanner)
    if quoted is not None:
        return quoted
    found = scanner.match(_NAME)
    if found is None or not found[0].strip():
        raise scanner.failure("field name (* or [a..z0..9_$])")
    return found[0].strip()


def parse_json_path(scanner: Scanner) -> tuple[JsonStep, ...]:
    """Parse zero or more arrows: ->a->>0."""
    steps: list[JsonStep] = []
    while scanner.take("->"):
        as_text = scanner.take(">")
        index = scanner.match(_JSON_INDEX)
        key = index[0] if index else _parse_json_key(scanner)
        steps.append(JsonStep(key, index is not None, as_text))
    return tuple(steps)


def _parse_json_key(scanner: Scanner) -> str:
    quoted = parse_quoted(scanner)
    if quoted is not None:
        return quoted
    found = scanner.match(_JSON_KEY)
    if found is None:
        # /projects?select=data->--1
        if scanner.take("-"):
            raise scanner.failure("digit")
        raise scanner.failure('"-", digit or any non reserved character different from: .,>()')
    return found[0].strip()


def parse_field(scanner: Scanner) -> Field:
    """Parse a name with its JSON path; blanks around it are skipped."""
    scanner.skip_blank()
    name = parse_name(scanner)
    path = parse_json_path(scanner)
    scanner.skip_blank()
    return Field(name, path)


def parse_columns(text: str, subject: str) -> tuple[str, ...]:
    """Parse a comma-separated list of column names."""
    scanner = Scanner(text, subject)
    names = [parse_name(scanner)]
    while not scanner.at_end:
        scanner.skip_blank()
        scanner.expect(",")
        scanner.skip_blank()
        names.append(parse_name(scanner))
    return tuple(dict.fromkeys(names))


def parse_tree_path(key: str) -> tuple[Path, Field]:
    """Parse a parameter's key: `embed.embed.column->json`."""
    scanner = Scanner(key, "failed to parse tree path")
    names = [parse_name(scanner)]
    while scanner.take("."):
        names.append(parse_name(scanner))
    path = parse_json_path(scanner)
    scanner.expect_end()
    return tuple(names[:-1]), Field(names[-1], path)
