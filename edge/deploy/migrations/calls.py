"""The SQL functions that a bundle calls by RPC, read from its Python files."""

import ast
from collections.abc import Iterator, Mapping

Calls = frozenset[tuple[str, frozenset[str] | None]]
"""Names with the names of the arguments; None where the source does not say which."""


def find_calls(files: Mapping[str, bytes], known: frozenset[str]) -> Calls:
    """Return the calls in `files`; a text that is the name of a `known` function counts as one."""
    found: set[tuple[str, frozenset[str] | None]] = set()
    for name, content in files.items():
        if name.endswith(".py"):
            found |= set(_calls_in(ast.parse(content), known))
    certain = {name for name, given in found if given is not None}
    return frozenset((n, given) for n, given in found if given is not None or n not in certain)


def _calls_in(tree: ast.AST, known: frozenset[str]) -> Iterator[tuple[str, frozenset[str] | None]]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="rpc"), args=[ast.Constant(value=str(name)), *rest]
            ):
                keywords = [each.value for each in node.keywords if each.arg == "params"]
                given = [*rest, *keywords]
                yield name, _names(given[0]) if given else frozenset()
            case ast.Constant(value=str(text)) if text in known:
                yield text, None
            case _:
                pass


def _names(argument: ast.expr) -> frozenset[str] | None:
    if not isinstance(argument, ast.Dict):
        return None
    names = [key.value for key in argument.keys if isinstance(key, ast.Constant)]
    texts = [name for name in names if isinstance(name, str)]
    return frozenset(texts) if len(texts) == len(argument.keys) else None
