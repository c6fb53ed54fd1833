"""The process behind `bench.support.load`: reads a plan on standard input, writes what came of it.

Answers are framed by content-length and not looked into, so that one core can ask faster than
any of the measured servers answers.
"""

import asyncio
import gc
import json
import re
import sys
import time
from dataclasses import asdict, dataclass, field
from itertools import cycle
from typing import Any, Final, cast

import uvloop

from bench.support.load import Load, Plan, Visitor

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OK: Final = b"HTTP/1.1 2"
_NO_CONTENT: Final = b"HTTP/1.1 204 "
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_LAST_CHUNK: Final = b"\r\n0\r\n\r\n"
_MOST_ERRORS: Final = 20


@dataclass(slots=True)
class _Tally:
    """What all visitors have seen; `left` requests may still be begun."""

    left: float
    counts_from: float
    ends_at: float
    latencies: list[float] = field(default_factory=list[float])
    errors: list[str] = field(default_factory=list[str])

    def may_ask(self, now: float) -> bool:
        self.left -= 1
        return self.left >= 0 and now < self.ends_at and len(self.errors) < _MOST_ERRORS


class _Visit(asyncio.Protocol):
    """One visitor's connection."""

    def __init__(self, visitor: Visitor, tally: _Tally) -> None:
        requests = [request.encode("latin-1") for request in visitor.requests]
        self._requests = iter(requests) if visitor.once else cycle(requests)
        self._visitor = visitor
        self._due = 0.0
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._wanted = 0
        self._asked_at = 0.0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._due = time.perf_counter() + self._visitor.delay
        self._ask(time.perf_counter())

    def data_received(self, data: bytes) -> None:
        self._received = self._received + data if self._received else data
        if not self._wanted and not self._read_head():
            return
        if len(self._received) >= self._wanted:
            self._count(time.perf_counter())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self._tally.errors.append(f"connection lost: {exc}")
            self.over.set_result(None)

    def _ask(self, now: float) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None or not self._tally.may_ask(now):
            self.over.set_result(None)
            self._transport.close()
        elif self._due > now:
            asyncio.get_running_loop().call_later(self._due - now, self._send, request, self._due)
        else:
            self._send(request, self._due if self._visitor.interval else now)

    def _send(self, request: bytes, due: float) -> None:
        assert self._transport is not None
        self._received, self._wanted, self._asked_at = b"", 0, due
        self._due += self._visitor.interval
        self._transport.write(request)

    def _read_head(self) -> bool:
        """Whether the head has arrived, so that the answer's size is known."""
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return False
        if length := _LENGTH.search(self._received, 0, end):
            self._wanted = end + 4 + int(length[1])
        elif self._received.startswith(_NO_CONTENT):
            self._wanted = end + 4
        else:
            assert _CHUNKED.search(self._received, 0, end + 2), "an answer that cannot be framed"
            is_complete = self._received.endswith(_LAST_CHUNK)
            self._wanted = len(self._received) if is_complete else 0
        return bool(self._wanted)

    def _count(self, now: float) -> None:
        if not self._received.startswith(_OK):
            self._tally.errors.append(self._received[:200].decode("latin-1"))
        elif self._asked_at >= self._tally.counts_from:
            self._tally.latencies.append((now - self._asked_at) * 1000)
        self._ask(now)


async def _carry_out(plan: Plan) -> Load:
    loop = asyncio.get_running_loop()
    counts_from = time.perf_counter() + plan.warm_up
    tally = _Tally(plan.requests or float("inf"), counts_from, counts_from + plan.seconds)
    visits: list[_Visit] = []
    for visitor in plan.visitors:
        visit = _Visit(visitor, tally)
        visits.append(visit)
        await loop.create_connection(lambda visit=visit: visit, "127.0.0.1", visitor.port)
    await asyncio.gather(*(visit.over for visit in visits))
    return Load(tally.latencies, tally.errors, time.perf_counter() - counts_from)


def main() -> None:
    """Read the plan, carry it out, write the result."""
    read: dict[str, Any] = json.load(sys.stdin)
    read["visitors"] = [Visitor(**visitor) for visitor in read["visitors"]]
    gc.disable()
    load = uvloop.run(_carry_out(Plan(**read)))
    json.dump(asdict(load), sys.stdout)


if __name__ == "__main__":
    main()
