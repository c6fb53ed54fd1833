"""Convert CSV by a program of its own, whose memory and time are limited."""

import asyncio
import subprocess
import sys
from dataclasses import dataclass, field
from typing import IO, Final

from edge.bodies import join
from edge.emulator.memory_bound import within_memory
from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.request import csv_table
from edge.emulator.rest.request.payload import Payload, invalid_body, table_payload
from edge.operating_system import IS_LINUX

_MEMORY: Final = 96 * 1024 * 1024
_PIECE: Final = 256 * 1024
_TOO_LARGE: Final = "The CSV takes too long to read, or too much memory"


async def convert_csv(body: bytes, max_rows: int) -> Payload:
    """Return the table; raises PGRST102, EDGE_TOO_MANY_ROWS."""
    memory = _MEMORY + 5 * len(body)
    process = _start(max_rows, memory)
    try:
        work = asyncio.ensure_future(_exchange(process, body))
        out, err = await within_memory(work, lambda: (process.pid,), memory)
        await asyncio.to_thread(process.wait)
    except MemoryError:
        raise invalid_body(_TOO_LARGE) from None
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.to_thread(process.wait)
    if process.returncode == csv_table.REFUSED:
        raise invalid_body(b"".join(err).decode())
    if process.returncode == csv_table.TOO_MANY:
        raise rest_error("EDGE_TOO_MANY_ROWS", limit=max_rows)
    if process.returncode:
        raise invalid_body(_TOO_LARGE)
    header, rows = _split(out)
    return table_payload(header, await join(rows))


def _start(max_rows: int, memory: int) -> "subprocess.Popen[bytes]":
    """Start the program in 2 ms; in uvloop's way, which copies our memory's tables, it takes 30."""
    limit = str(memory if IS_LINUX else 0)
    command = (sys.executable, "-I", "-S", csv_table.__file__, str(max_rows), limit)
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0)


async def _exchange(
    process: "subprocess.Popen[bytes]", body: bytes
) -> tuple[list[bytes], list[bytes]]:
    """Write the body; return what the program writes."""
    assert process.stdin
    assert process.stdout
    assert process.stderr
    out, err = await asyncio.gather(_collect(process.stdout), _collect(process.stderr))
    await _feed(process.stdin, body)
    await asyncio.gather(out.ended, err.ended)
    return out.chunks, err.chunks


class _Feeder(asyncio.Protocol):
    """Whether a pipe takes more."""

    def __init__(self) -> None:
        self.takes_more = asyncio.Event()
        self.takes_more.set()

    def pause_writing(self) -> None:
        self.takes_more.clear()

    def resume_writing(self) -> None:
        self.takes_more.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.takes_more.set()


async def _feed(pipe: IO[bytes], body: bytes) -> None:
    """Write the body piece by piece, as far as the program reads it."""
    transport, feeder = await asyncio.get_running_loop().connect_write_pipe(_Feeder, pipe)
    try:
        for start in range(0, len(body), _PIECE):
            if transport.is_closing():
                return
            transport.write(body[start : start + _PIECE])
            await feeder.takes_more.wait()
    finally:
        transport.close()


@dataclass(slots=True)
class _Collector(asyncio.Protocol):
    """What a pipe carries, in the pieces that were read."""

    ended: "asyncio.Future[None]"
    chunks: list[bytes] = field(default_factory=list[bytes])

    def data_received(self, data: bytes) -> None:
        self.chunks.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)


async def _collect(pipe: IO[bytes]) -> _Collector:
    loop = asyncio.get_running_loop()
    collector = _Collector(loop.create_future())
    await loop.connect_read_pipe(lambda: collector, pipe)
    return collector


def _split(chunks: list[bytes]) -> tuple[bytes, list[bytes]]:
    """Return the first line, and the rest."""
    for number, chunk in enumerate(chunks):
        line, end, rest = chunk.partition(b"\n")
        if end:
            return b"".join([*chunks[:number], line]), [rest, *chunks[number + 1 :]]
    return b"".join(chunks), []
