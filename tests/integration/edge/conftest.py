"""Databases of the platform alone, as of a project that has no migration."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PLATFORM_TEMPLATE, Copies, clone_database
from tests.support.recorded_stack import RecordedStack, create_recorded_project, running_stack


@pytest.fixture
def database(copies: Copies) -> Iterator[str]:
    """The name of a database of this test's own, with the platform's schemas and no rows."""
    yield from clone_database(copies(PLATFORM_TEMPLATE))


@pytest.fixture(scope="session")
def recorded(in_memory: Path) -> Iterator[RecordedStack]:
    """A running stack of a small project, whose requests are recorded."""
    folder = in_memory / "recorded"
    folder.mkdir()
    with running_stack(create_recorded_project(folder)) as stack:
        yield stack
