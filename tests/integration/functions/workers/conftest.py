"""The registry, emptied before each test, and an administrator."""

import psycopg
import pytest

from tests.conftest import RunningStack


@pytest.fixture(autouse=True)
def _no_workers(stack: RunningStack) -> None:
    with psycopg.connect(stack.dsn) as connection:
        connection.execute("delete from public.workers")


@pytest.fixture
def admin(stack: RunningStack) -> str:
    """The token of a user with the role admin."""
    user_id, token = stack.create_user()
    with psycopg.connect(stack.dsn) as connection:
        connection.execute(
            "insert into public.user_roles (user_id, role) values (%s, 'admin')", (user_id,)
        )
    return token
