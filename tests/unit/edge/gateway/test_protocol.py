"""Internals of uvicorn that edge overrides or calls: these fail when a release changes them."""

import asyncio
import inspect
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from edge.gateway.protocol import HardenedHttpProtocol

OVERRIDDEN = {
    "connection_made": ["self", "transport"],
    "connection_lost": ["self", "exc"],
    "data_received": ["self", "data"],
    "on_url": ["self", "url"],
    "on_message_begin": ["self"],
    "on_header": ["self", "name", "value"],
    "on_headers_complete": ["self"],
    "on_body": ["self", "body"],
    "on_message_complete": ["self"],
    "on_response_complete": ["self"],
    "handle_websocket_upgrade": ["self"],
    "_should_upgrade": ["self"],
    "_unset_keepalive_if_required": ["self"],
}


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_uvicorn_still_has_the_method_with_these_parameters(name: str) -> None:
    method = getattr(HttpToolsProtocol, name)

    assert list(inspect.signature(method).parameters) == OVERRIDDEN[name]


def test_each_overridden_method_is_watched() -> None:
    ours = {name for name, value in vars(HardenedHttpProtocol).items() if inspect.isfunction(value)}
    inherited = {name for name in ours if hasattr(HttpToolsProtocol, name)} - {"__init__"}

    assert inherited <= OVERRIDDEN.keys()


def test_uvicorn_s_server_still_has_what_is_overridden() -> None:
    assert list(inspect.signature(uvicorn.Server.startup).parameters) == ["self", "sockets"]
    assert list(inspect.signature(uvicorn.Server.shutdown).parameters) == ["self", "sockets"]
    assert list(inspect.signature(uvicorn.Server.on_tick).parameters) == ["self", "counter"]
    assert inspect.iscoroutinefunction(uvicorn.Server.main_loop)
    assert inspect.iscoroutinefunction(uvicorn.Server._wait_tasks_to_complete)
    assert inspect.isgeneratorfunction(inspect.unwrap(uvicorn.Server.capture_signals))
    assert hasattr(uvicorn.Server(uvicorn.Config("app")), "_captured_signals")


def test_a_body_that_came_at_once_is_kept_as_it_is() -> None:
    """And what comes before it was read is added to it."""
    protocol: Any = object.__new__(HardenedHttpProtocol)
    protocol._body = SimpleNamespace(add=lambda _size: None)
    protocol.parser = SimpleNamespace(should_upgrade=lambda: False)
    cycle = SimpleNamespace(
        body=bytearray(), response_complete=False, message_event=asyncio.Event()
    )
    protocol.cycle, first = cycle, b"a" * 1000
    protocol.on_body(first)
    assert cycle.body is first
    for piece in (b"b", b"c"):
        protocol.on_body(piece)
    assert (type(cycle.body), bytes(cycle.body)) == (bytearray, first + b"bc")
