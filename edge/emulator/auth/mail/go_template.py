"""Render Go's html/template language, as far as mail templates use it.

Fields (`{{ .Token }}`, `{{ .Data.name }}`), `if`/`else if`/`else`/`end`, `with`, comparisons
(`eq`, `ne`), `and`, `or`, `not`, strings and comments. Values are escaped for HTML.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

_ACTION: Final = re.compile(r"\{\{(-\s)?\s*(.*?)\s*(\s-)?\}\}", re.DOTALL)
_WORD: Final = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|[()]|[^\s()]+')
_MAX_SIZE: Final = 1_000_000


class TemplateError(Exception):
    """A template that cannot be rendered; the message says what is wrong."""


Node = "str | _Output | _Branch"


@dataclass(slots=True)
class _Output:
    words: list[str]


@dataclass(slots=True)
class _Branch:
    """`if` or `with`: the first of `cases` whose condition holds is rendered."""

    keyword: str
    cases: list[tuple[list[str], list[Any]]]
    otherwise: list[Any] = field(default_factory=list[Any])


def render_template(text: str, values: Mapping[str, Any], *, escapes: bool = True) -> str:
    """Render the template; raises TemplateError if it is malformed."""
    if len(text) > _MAX_SIZE:
        raise TemplateError("the template is larger than 1 MB")
    nodes = _parse(_tokens(text))
    return "".join(_render(nodes, values, escapes=escapes))


def _tokens(text: str) -> Iterator[str | list[str]]:
    """Yield text, and the words of each action."""
    position = 0
    trims = False
    for match in _ACTION.finditer(text):
        plain = text[position : match.start()]
        plain = plain.lstrip() if trims else plain
        yield plain.rstrip() if match[1] else plain
        if not match[2].startswith("/*"):
            yield _WORD.findall(match[2])
        position, trims = match.end(), bool(match[3])
    yield text[position:].lstrip() if trims else text[position:]


def _parse(tokens: Iterator[str | list[str]]) -> list[Any]:
    root: list[Any] = []
    stack: list[tuple[_Branch, list[Any]]] = []
    current = root
    for token in tokens:
        if isinstance(token, str):
            current.append(token)
        elif not token:
            raise TemplateError("an action is empty")
        elif token[0] in ("if", "with"):
            branch = _Branch(token[0], [(token[1:], [])])
            current.append(branch)
            stack.append((branch, current))
            current = branch.cases[0][1]
        elif token[0] == "else":
            current = _parse_else(token, stack)
        elif token[0] == "end":
            if not stack:
                raise TemplateError("{{ end }} without {{ if }}")
            current = stack.pop()[1]
        else:
            current.append(_Output(token))
    if stack:
        raise TemplateError("{{ if }} without {{ end }}")
    return root


def _parse_else(token: list[str], stack: list[tuple[_Branch, list[Any]]]) -> list[Any]:
    if not stack:
        raise TemplateError("{{ else }} without {{ if }}")
    branch = stack[-1][0]
    if token[1:2] == ["if"]:
        branch.cases.append((token[2:], []))
        return branch.cases[-1][1]
    return branch.otherwise


def _render(nodes: list[Any], scope: Any, *, escapes: bool) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif isinstance(node, _Output):
            text = _print(_evaluate(node.words, scope))
            yield html.escape(text, quote=True) if escapes else text
        else:
            yield from _render_branch(node, scope, escapes=escapes)


def _render_branch(branch: _Branch, scope: Any, *, escapes: bool) -> Iterator[str]:
    for condition, body in branch.cases:
        value = _evaluate(condition, scope)
        if value:
            inner = value if branch.keyword == "with" else scope
            yield from _render(body, inner, escapes=escapes)
            return
    yield from _render(branch.otherwise, scope, escapes=escapes)


def _evaluate(words: list[str], scope: Any) -> Any:
    values, rest = _arguments(words, scope)
    if rest:
        raise TemplateError(f"unexpected {rest[0]!r}")
    return _call(values)


def _arguments(words: list[str], scope: Any) -> tuple[list[Any], list[str]]:
    """Evaluate words up to a closing parenthesis; the first may be a function's name."""
    values: list[Any] = []
    while words and words[0] != ")":
        word, words = words[0], words[1:]
        if word == "(":
            inner, words = _arguments(words, scope)
            if words[:1] != [")"]:
                raise TemplateError("a parenthesis is not closed")
            values.append(_call(inner))
            words = words[1:]
        elif word in _FUNCTIONS and not values:
            values.append(_FUNCTIONS[word])
        else:
            values.append(_operand(word, scope))
    return values, words


def _call(values: list[Any]) -> Any:
    if not values:
        raise TemplateError("a value is missing")
    if not callable(values[0]):
        if len(values) > 1:
            raise TemplateError("a function is expected before several values")
        return values[0]
    if len(values) == 1:
        raise TemplateError("a function's value is missing")
    return values[0](*values[1:])


def _operand(word: str, scope: Any) -> Any:
    if word[0] in '"`':
        return word[1:-1]
    if word in ("true", "false"):
        return word == "true"
    if re.fullmatch(r"-?\d+(\.\d+)?", word):
        return float(word) if "." in word else int(word)
    if word.startswith("$."):
        word = word[1:]
    if not word.startswith("."):
        raise TemplateError(f"function {word!r} is not defined")
    value = scope
    for name in word[1:].split(".") if word != "." else ():
        value = cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else None
    return value


def _print(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _any_equal(first: Any, *others: Any) -> bool:
    return any(first == other for other in others)


def _differ(first: Any, second: Any) -> bool:
    return first != second


def _and(*values: Any) -> Any:
    return next((value for value in values if not value), values[-1])


def _or(*values: Any) -> Any:
    return next((value for value in values if value), values[-1])


def _not(value: Any) -> bool:
    return not value


_FUNCTIONS: Final = {"eq": _any_equal, "ne": _differ, "and": _and, "or": _or, "not": _not}
