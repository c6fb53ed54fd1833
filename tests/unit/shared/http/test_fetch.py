"""Which URLs are fetched, and how an answer is bounded."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest

from shared.http.fetch import (
    FetchError,
    FetchPolicy,
    FetchTimeoutError,
    TooLargeError,
    UrlError,
    check_url,
    fetch,
)
from tests.support.played_worker import PlayedWorker, playing
from tests.support.waiting import PATIENCE

PRIVATE = FetchPolicy(allows_private=True)
SHARED = FetchPolicy(allows_private=True, allows_shared=True)
PUBLIC = FetchPolicy()


@pytest.fixture
def worker() -> Iterator[PlayedWorker]:
    played = PlayedWorker()
    with playing(played):
        yield played


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://10.0.0.1/"),
        *("http://192.168.1.1/", "http://172.16.0.1/", "http://[fc00::1]/", "http://[fd00::1]/"),
        *("http://[::ffff:10.0.0.1]/", "http://[2002:0a00:0001::]/", "http://a.localhost/"),
        *("http://localhost./", "http://[::7f00:1]/", "http://[64:ff9b::a00:1]/"),
    ],
)
def test_private_addresses_need_the_setting(url: str) -> None:
    with pytest.raises(UrlError, match="WORKERS_ALLOW_PRIVATE=true"):
        check_url(url, PUBLIC)
    check_url(url, PRIVATE)


def test_the_setting_that_is_named_is_the_callers() -> None:
    with pytest.raises(UrlError, match="REFERENCES_ALLOW_PRIVATE=true"):
        check_url("http://10.0.0.1/", FetchPolicy(setting="REFERENCES_ALLOW_PRIVATE"))


def test_addresses_of_vpns_need_their_own_permission() -> None:
    for policy in (PUBLIC, PRIVATE):
        with pytest.raises(UrlError):
            check_url("http://100.64.0.1/", policy)
    check_url("http://100.64.0.1/", SHARED)


@pytest.mark.parametrize(
    "url",
    [
        *("http://169.254.169.254/", "http://[fe80::1]/", "http://0.0.0.0/", "http://[::]/"),
        *("http://100.100.100.200/", "http://239.1.1.1/", "http://255.255.255.255/"),
        *("http://[fe80::1%25lo]/", "http://[fec0::1]/", "http://[::ffff:169.254.169.254]/"),
        *(
            "http://metadata.google.internal/x",
            "http://metadata.google.internal./",
            "http://metadata/",
        ),
        *("http://2130706433/", "http://0x7f000001/", "http://127.1.2/", "http://127.1/"),
        *("gopher://a/", "ftp://a/b", "file:///etc/passwd", "//a", "//a/b", "", "x", "http://"),
        *("http://./", "http://a:99999/", "http://u:p@93.184.216.34/", "http://93.184.216.34/\n"),
        *("http://93.184.216.34/\u200b", "http://93.184.216.34/\\@a", "http://\u3002a/"),
        f"http://93.184.216.34/{'a' * 2000}",
    ],
)
def test_reserved_addresses_and_odd_forms_are_never_fetched(url: str) -> None:
    with pytest.raises(UrlError):
        check_url(url, SHARED)


@pytest.mark.parametrize(
    "url", ["http://93.184.216.34/", "http://[2606:2800:220:1:248:1893:25c8:1946]/a", "https://a.b"]
)
def test_public_addresses_and_names_are_fetched(url: str) -> None:
    check_url(url, PUBLIC)


async def test_a_name_that_resolves_to_a_private_address_is_refused(worker: PlayedWorker) -> None:
    port = worker.url.rpartition(":")[2]

    with pytest.raises(FetchError):
        await fetch(f"http://localhost:{port}/", PUBLIC)
    assert worker.requests == []


async def test_a_trusted_origin_may_be_private(worker: PlayedWorker) -> None:
    answer = await fetch(f"{worker.url}/health", FetchPolicy(trusted=(worker.url,)))

    assert answer.is_success


async def test_redirects_are_refused(worker: PlayedWorker) -> None:
    worker.redirect = "http://169.254.169.254/"

    with pytest.raises(FetchError, match="redirects"):
        await fetch(worker.url, PRIVATE)


async def test_an_answer_has_a_size_limit(worker: PlayedWorker) -> None:
    worker.raw = b"x" * 1001

    with pytest.raises(TooLargeError, match="1,000 bytes"):
        await fetch(worker.url, FetchPolicy(allows_private=True, max_bytes=1000))


async def test_an_answer_has_a_time_limit() -> None:
    over, closed = asyncio.Event(), asyncio.Event()

    async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        await close(writer)
        closed.set()

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        with pytest.raises(FetchTimeoutError):
            await fetch(url_of(server), FetchPolicy(allows_private=True, seconds=0.05))
        over.set()
        await closed.wait()


async def test_a_host_that_does_not_exist_is_reported() -> None:
    with pytest.raises(UrlError, match="no address"):
        await asyncio.wait_for(fetch("http://nothing.invalid/", PRIVATE), PATIENCE)


async def test_an_answer_without_an_announced_length_has_the_same_limit() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"x" * 2000)
        await close(writer)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        with pytest.raises(TooLargeError):
            await fetch(url_of(server), FetchPolicy(allows_private=True, max_bytes=1000))


async def test_the_host_is_named_as_dns_knows_it() -> None:
    """The connection goes to the address that was checked; only the header names the host."""
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await close(writer)

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = url_of(server).rpartition(":")[2]
        for host in ("localhost", "LocalHost.", "ｌocalhost", "127.0.0.1"):  # noqa: RUF001
            await fetch(f"http://{host}:{port}/a?b=c#d", PRIVATE)

    assert [head.split(b"\r\n")[0] for head in heads] == [b"GET /a?b=c HTTP/1.1"] * 4
    hosts = [re.findall(rb"host: (\S+)", head)[0].decode() for head in heads]
    assert hosts == [f"localhost:{port}"] * 3 + [f"127.0.0.1:{port}"]


async def close(writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        await writer.drain()
        writer.close()
        await writer.wait_closed()


def url_of(server: asyncio.Server) -> str:
    host, port = server.sockets[0].getsockname()
    return f"http://{host}:{port}"
