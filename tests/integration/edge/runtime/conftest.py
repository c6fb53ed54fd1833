"""Fixtures: the runtime with this folder's functions, and with a project that a test fills."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.functions_runtime import Functions, serve


@pytest.fixture(scope="session")
def functions() -> Iterator[Functions]:
    """This folder's functions."""
    yield from serve(Path(__file__).parent)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Functions]:
    """A project without functions yet, into which a test writes its own."""
    root = tmp_path_factory.mktemp("project")
    (root / "functions").mkdir()
    (root / "shared").mkdir()
    (root / "shared" / "__init__.py").touch()
    yield from serve(root)
