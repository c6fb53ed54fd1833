"""Databases of the platform alone, as of a project that has no migration."""

from collections.abc import Iterator

import pytest

from tests.conftest import PLATFORM_TEMPLATE, Copies, clone_database


@pytest.fixture
def database(copies: Copies) -> Iterator[str]:
    """The name of a database of this test's own, with the platform's schemas and no rows."""
    yield from clone_database(copies(PLATFORM_TEMPLATE))
