"""An organization of the running stack's database, and the provider that reports its calls."""

import itertools
from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import RunningStack
from tests.support.organization import Organization, create_organization
from tests.support.webhook_sender import Sender

_numbers = itertools.count(1000)


@pytest.fixture
def connection(stack: RunningStack) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack.dsn, autocommit=True) as opened:
        yield opened


@pytest.fixture
def organization(connection: psycopg.Connection) -> Organization:
    """One with a number of its own: the database is shared by the session's tests."""
    return create_organization(connection, f"+1628555{next(_numbers)}")


@pytest.fixture
def retell(stack: RunningStack) -> Sender:
    return Sender(stack)
