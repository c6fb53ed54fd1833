"""A request on its way to a worker: its head, and what is left of it afterwards."""

import asyncio
import gc
import weakref

from starlette.types import Message

from edge.runtime.proxy.upload import Outgoing, Upload, render_head


def test_headers_pass_and_hop_by_hop_ones_do_not() -> None:
    headers = [(b"host", b"x"), (b"connection", b"keep-alive"), (b"x-a", b"1"), (b"x-a", b"2")]

    head, is_chunked = render_head("GET", b"/fn?a=1", headers)

    assert head == b"GET /fn?a=1 HTTP/1.1\r\nhost: x\r\nx-a: 1\r\nx-a: 2\r\n\r\n"
    assert not is_chunked


def test_a_body_of_unknown_length_goes_in_chunks() -> None:
    head, is_chunked = render_head("POST", b"/fn", [(b"transfer-encoding", b"chunked")])

    assert (head.count(b"transfer-encoding: chunked"), is_chunked) == (1, True)


def test_a_length_wins_over_chunks() -> None:
    headers = [(b"transfer-encoding", b"chunked"), (b"content-length", b"3")]

    head, is_chunked = render_head("POST", b"/fn", headers)

    assert b"transfer-encoding" not in head
    assert not is_chunked


class _Sink:
    """A way to a worker that reads at once."""

    def write(self, data: bytes) -> None: ...
    async def drain(self) -> None: ...
    def wake(self) -> None: ...


async def test_a_request_that_took_long_is_freed_without_the_garbage_collector() -> None:
    request = Outgoing("POST", b"/fn", [(b"transfer-encoding", b"chunked")])

    async def receive() -> Message:
        return await asyncio.get_running_loop().create_future()

    upload = Upload(_Sink(), request, receive)
    await upload.begin()
    await asyncio.sleep(0)  # the client's departure is waited for from here on
    left = weakref.ref(upload)
    gc.disable()
    try:
        upload.end()
        del upload
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert left() is None
    finally:
        gc.enable()
