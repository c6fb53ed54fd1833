"""Random requests of all kinds at once: nobody's answer changes, none fails, all come."""

import time
from collections.abc import Iterator
from random import randrange

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from edge.emulator.rest.app import RestApp, RestConfig
from edge.gateway.app import Gateway
from edge.project.settings import load_settings
from edge.tokens import Keys as TokenKeys
from edge.tokens import mint
from tests.conftest import RunningStack
from tests.support.fuzz.check import Answer, Fuzz, Lane
from tests.support.fuzz.requests import Keys, Request, requests
from tests.support.fuzz.services import FRAMES, broadcast_requests, storage_requests
from tests.support.fuzz.sockets import SocketFuzz
from tests.support.paths import ROOT
from tests.support.serving import HttpServer, LoopThread

_SECONDS = 60
_SERVICE_SECONDS = 4
"""`python -m bench.fuzz` goes on for longer."""
_FRESH_FOR = 40
"""Requests, after which the fresh data API is replaced by another."""


class FreshRest:
    """A data API over the same database that is often started anew."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self._thread = LoopThread()
        self._server: HttpServer | None = None
        self._rest: RestApp | None = None
        self._left = 0

    def __call__(self, request: Request) -> Answer:
        if self._left == 0:
            self._restart()
        self._left -= 1
        assert self._server is not None
        lane = Lane(self._server.url)
        try:
            return lane.send(request)
        finally:
            lane.close()

    def close(self) -> None:
        self._stop()
        self._thread.close()

    def _restart(self) -> None:
        self._stop()
        self._left = _FRESH_FOR
        known = load_settings(ROOT, port=0, db_port=0, environ={})
        config = RestConfig(
            schemas=known.schemas,
            max_rows=known.max_rows,
            server_url=f"{self._stack.url}/rest/v1",
        )
        dsn = self._stack.cluster.dsn(user="authenticator")
        self._rest = RestApp(dsn, keys=TokenKeys(self._stack.jwt_secret), config=config)
        self._server = HttpServer(Gateway({"/rest/v1": self._rest}, known.key_tokens()))
        self._thread.run(self._rest.open())
        self._thread.run(self._server.start())

    def _stop(self) -> None:
        if self._server and self._rest:
            self._thread.run(self._server.close())
            self._thread.run(self._rest.close())


@pytest.fixture(scope="module")
def fuzz(_stack: RunningStack) -> Iterator[Fuzz]:
    user = mint(_stack.jwt_secret, "authenticated", sub="00000000-0000-4000-8000-000000000000")
    keys = Keys(_stack.publishable_key, user, _stack.secret_key)
    fresh = FreshRest(_stack)
    fuzz = Fuzz(_stack.url, keys, fresh)
    yield fuzz
    fuzz.close()
    fresh.close()


def test_no_request_hurts_another(fuzz: Fuzz) -> None:
    ends_at = time.monotonic() + _SECONDS

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
        print_blob=True,
    )
    @given(st.lists(requests(fuzz.keys), min_size=4, max_size=12))
    def check(batch: list[Request]) -> None:
        if time.monotonic() < ends_at:
            fuzz.check(batch)

    while time.monotonic() < ends_at:
        seed(randrange(1 << 32))(check)()  # other examples, also where a profile has them fixed


@pytest.fixture(scope="module")
def sockets(_stack: RunningStack) -> Iterator[SocketFuzz]:
    sockets = SocketFuzz(_stack.url, _stack.publishable_key)
    yield sockets
    sockets.close()


def test_no_request_to_storage_or_realtime_fails(fuzz: Fuzz) -> None:
    ends_at = time.monotonic() + _SERVICE_SECONDS
    either = st.one_of(storage_requests(fuzz.keys), broadcast_requests(fuzz.keys))

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
        print_blob=True,
    )
    @given(st.lists(either, min_size=4, max_size=12))
    def check(batch: list[Request]) -> None:
        if time.monotonic() < ends_at:
            fuzz.check(batch)

    check()


def test_no_frame_hurts_another_socket(sockets: SocketFuzz) -> None:
    ends_at = time.monotonic() + _SERVICE_SECONDS

    @settings(
        max_examples=100,
        deadline=None,
        database=None,
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
        print_blob=True,
    )
    @given(st.lists(FRAMES, min_size=1, max_size=8))
    def check(batch: list[str | bytes]) -> None:
        if time.monotonic() < ends_at:
            sockets.check(batch)

    check()
