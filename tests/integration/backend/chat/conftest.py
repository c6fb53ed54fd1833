"""One chat backend for the tests of a session, beside the whole stack."""

from collections.abc import Iterator

import pytest

from tests.conftest import RunningStack
from tests.support.chat_server import ChatServer, chat_server


@pytest.fixture(scope="session")
def chat(_stack: RunningStack) -> Iterator[ChatServer]:
    with chat_server(_stack.url, _stack.service_role_key, _stack.dsn) as server:
        yield server
