"""A stack that runs in a thread of a test's process, and what a test needs to be its client."""

import asyncio
import ssl
import threading
from collections.abc import Coroutine, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpx

from edge.errors import EdgeError
from edge.events import Event, LogLine
from edge.fresh_database import FreshDatabase
from edge.project.settings import Settings

if TYPE_CHECKING:
    from edge.stack import Stack

T = TypeVar("T")
_START_SECONDS: Final = 120.0
_TIMEOUT: Final = 60.0
NO_AUTHORITIES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts no authority: the stack speaks HTTP, and reading all of them takes 25 ms a client."""


class _Loop:
    """An event loop in a thread, which the stack runs on."""

    def __init__(self) -> None:
        self._loop = _create_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_START_SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass(frozen=True, slots=True)
class RunningStack:
    """The session's stack: its addresses, keys and events; `control` is what orders faults."""

    settings: Settings
    database: FreshDatabase
    control: httpx.Client
    events: list[Event] = field(default_factory=list[Event])

    @property
    def url(self) -> str:
        return self.settings.api_url

    @property
    def db_url(self) -> str:
        return self.settings.db_url

    @property
    def anon_key(self) -> str:
        return self.settings.anon_key

    @property
    def service_role_key(self) -> str:
        return self.settings.service_role_key

    @property
    def publishable_key(self) -> str:
        return self.settings.publishable_key

    @property
    def secret_key(self) -> str:
        return self.settings.secret_key

    def client(self, key: str | None = None) -> httpx.Client:
        """Return an HTTP client that sends a key or a user's token; the secret key by default."""
        key = key or self.secret_key
        headers = {"apikey": key, "authorization": f"Bearer {key}"}
        return httpx.Client(
            base_url=self.url, headers=headers, timeout=_TIMEOUT, verify=NO_AUTHORITIES
        )

    def call(self, function: str, body: object = None, key: str | None = None) -> httpx.Response:
        """POST a JSON body to a function."""
        with self.client(key) as client:
            return client.post(f"/functions/v1/{function}", json=body)

    def fault(self, **fault: object) -> None:
        """Have an emulated provider misbehave until the test ends; see /providers/_faults."""
        self.control.post("/providers/_faults", json=fault).raise_for_status()

    def forget_faults(self) -> None:
        self.control.delete("/providers/_faults").raise_for_status()

    def printed(self) -> str:
        """Return all that functions have printed and logged in this session."""
        return "\n".join(event.text for event in self.events if isinstance(event, LogLine))


@contextmanager
def run_stack(settings: Settings) -> Generator[tuple["Stack", list[Event]]]:
    """Run a stack whose database need not last, without schedules, until the block ends.

    Raises EdgeError if the database does not take all migrations and seeds.
    """
    from edge.stack import Stack

    events: list[Event] = []
    stack = Stack(settings, events.append, reload=False, durable=False, scheduled=False)
    loop = _Loop()
    try:
        loop.run(stack.start())
        _require_schema(stack)
        yield stack, events
    finally:
        loop.run(stack.close())
        loop.close()


def open_control(settings: Settings) -> httpx.Client:
    """Return a client with the secret key, to be closed at the end.

    Each of its requests has a connection of its own: the gateway may be closing one that is idle.
    """
    transport = httpx.HTTPTransport(
        verify=NO_AUTHORITIES, limits=httpx.Limits(max_keepalive_connections=0)
    )
    headers = {"apikey": settings.secret_key}
    return httpx.Client(
        base_url=settings.api_url, headers=headers, timeout=_TIMEOUT, transport=transport
    )


def _create_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's, as `edge start` uses, or another if it is not installed."""
    with suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def _require_schema(stack: "Stack") -> None:
    from edge.emulator.postgres.blockers import describe_blockers

    outcome = stack.schema
    if outcome and outcome.blockers:
        lines = describe_blockers(outcome.blockers, stack.settings.root)
        raise EdgeError("The database does not take all migrations and seeds:\n" + "\n".join(lines))
