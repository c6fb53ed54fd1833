"""One chat backend for the tests of a module, beside the whole stack.

It would take the runs of another module's backends.
"""

from collections.abc import Iterator

import pytest

from tests.conftest import RunningStack
from tests.support.chat_server import ChatServer, chat_server


@pytest.fixture(scope="module")
def chat(_stack: RunningStack) -> Iterator[ChatServer]:
    with chat_server(_stack.url, _stack.service_role_key, _stack.dsn) as server:
        yield server
