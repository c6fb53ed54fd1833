"""A log in a temporary folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.logs.store import LogStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "logs"


@pytest.fixture
def store(folder: Path) -> Iterator[LogStore]:
    """A running store without a rate."""
    store = LogStore(folder)
    store.start()
    yield store
    store.close()
