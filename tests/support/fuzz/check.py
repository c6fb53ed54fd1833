"""Sends random requests on few connections and checks that none of them hurts another.

No answer may be a 500 or fail to come, probes must be answered as a fresh server answers them, and
so must each of the data API's answers.
"""

import http.client
import json
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from tests.support.fuzz.requests import Keys, Request
from tests.support.waiting import PATIENCE

_LANES: Final = 4
_FAILED: Final = (500, 502, 503, 504, 546)
_VOLATILE: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.+Z]+|cost=\S+"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body, without what differs each time."""

    status: int
    body: str


@dataclass(slots=True)
class Lane:
    """One kept connection to the server at `url`."""

    url: str
    _connection: http.client.HTTPConnection | None = field(default=None, init=False)

    def send(self, request: Request) -> Answer:
        """Return the answer; raises an OSError or HTTPException if none comes."""
        try:
            return self._exchange(request)
        except (http.client.RemoteDisconnected, ConnectionError):
            self.close()  # closed between two requests, or after a refused one
            return self._exchange(request)

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _exchange(self, request: Request) -> Answer:
        if self._connection is None:
            address = urlsplit(self.url)
            self._connection = http.client.HTTPConnection(
                address.hostname or "", address.port, timeout=PATIENCE
            )
        connection = self._connection
        connection.putrequest(request.method, request.target, skip_accept_encoding=True)
        for name, value in request.headers:
            connection.putheader(name, value)
        if request.body or request.method in {"POST", "PUT", "PATCH"}:
            connection.putheader("content-length", str(len(request.body)))
        connection.endheaders(request.body or None)
        response = connection.getresponse()
        raw = response.read()
        if "json" in response.headers.get("content-type", "") and raw:
            json.loads(raw.decode())
        return Answer(response.status, _VOLATILE.sub("…", raw.decode("utf-8", "replace")))


@dataclass(slots=True)
class Fuzz:
    """A worn server and what a fresh one answers.

    `fresh` answers a request to the data API as a server does that has answered nothing before.
    """

    url: str
    keys: Keys
    fresh: Callable[[Request], Answer] | None = None
    sent: int = field(default=0, init=False)
    _lanes: list[Lane] = field(init=False)
    _threads: ThreadPoolExecutor = field(init=False)
    _expected: dict[Request, Answer] = field(init=False)

    def __post_init__(self) -> None:
        self._lanes = [Lane(self.url) for _ in range(_LANES)]
        self._threads = ThreadPoolExecutor(_LANES)
        self._expected = {probe: self._lanes[0].send(probe) for probe in self._probes()}
        assert all(answer.status == 200 for answer in self._expected.values()), self._expected

    def close(self) -> None:
        self._threads.shutdown()
        for lane in self._lanes:
            lane.close()

    def check(self, requests: Sequence[Request]) -> None:
        """Send them at once on a few connections, then the probes; raises AssertionError."""
        answers = self._send_all(requests)
        for request, answer in zip(requests, answers, strict=True):
            assert answer.status not in _FAILED, (request, answer)
            if self.fresh and _is_rest(request):
                expected = self.fresh(request)
                assert answer == expected, (request, answer, expected)
        for probe, answer in zip(self._expected, self._send_all(self._expected), strict=True):
            assert answer == self._expected[probe], (probe, answer, self._expected[probe])

    def _send_all(self, requests: Iterable[Request]) -> list[Answer]:
        """Send each lane's share one after the other, all lanes at once."""
        numbered = list(enumerate(requests))
        self.sent += len(numbered)

        def send_share(lane: int) -> list[tuple[int, Answer]]:
            return [(n, self._lanes[lane].send(r)) for n, r in numbered[lane::_LANES]]

        shares = self._threads.map(send_share, range(_LANES))
        answers = {n: answer for share in shares for n, answer in share}
        return [answers[n] for n, _ in numbered]

    def _probes(self) -> list[Request]:
        secret = (("apikey", self.keys.secret.encode()),)
        return [
            Request("GET", "/rest/v1/organizations?select=id&limit=1", secret),
            Request("GET", "/rest/v1/videos?select=id&limit=0", secret),
            Request("GET", "/rest/v1/organizations?select=id&limit=1&order=id", secret),
            Request("GET", "/rest/v1/call_campaigns?select=id&limit=0", secret),
            Request("GET", "/auth/v1/health"),
            Request("GET", "/auth/v1/settings", secret),
            Request("OPTIONS", "/functions/v1/voice-prompt"),
            Request("GET", "/providers/openai/v1/models", (("authorization", b"Bearer x"),)),
        ]


def _is_rest(request: Request) -> bool:
    return request.target.startswith("/rest/v1/")
