"""Processes that share the tests must collect the same ones."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

RANDOM = {"uuid1", "uuid4", "random", "randint", "token_hex", "token_urlsafe", "now"}


def test_parameters_are_the_same_in_each_process() -> None:
    """Make a random id within the test: pytest-xdist refuses to run lists that differ."""
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}: {name}()"
        for path in sorted(ROOT.glob("tests/**/test_*.py"))
        for call, name in _calls_in_parameters(path)
        if name in RANDOM
    ]
    assert found == []


def _calls_in_parameters(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Return the calls in values that pytest writes into a test's id: texts and numbers are."""
    text = path.read_text()
    if "parametrize" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.parametrize"):
            for value in _values(node.args[1]):
                for call in ast.walk(value):
                    if isinstance(call, ast.Call):
                        yield call, ast.unparse(call.func).rpartition(".")[2]


def _values(values: ast.expr) -> Iterator[ast.expr]:
    for each in values.elts if isinstance(values, ast.List | ast.Tuple) else []:
        several = each.elts if isinstance(each, ast.Tuple) else [each]
        yield from (value for value in several if not isinstance(value, ast.Dict | ast.List))
