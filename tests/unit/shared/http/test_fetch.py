"""Which URLs are fetched, and how an answer is bounded."""

import asyncio
from collections.abc import Iterator

import pytest

from shared.http.fetch import FetchError, FetchPolicy, FetchTimeoutError, check_url, fetch
from tests.support.played_worker import PlayedWorker, playing

PRIVATE = FetchPolicy(allows_private=True)
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
        *("http://192.168.1.1/", "http://172.16.0.1/", "http://[fc00::1]/", "http://100.64.0.1/"),
        *("http://[::ffff:10.0.0.1]/", "http://[2002:0a00:0001::]/", "http://a.localhost/"),
    ],
)
def test_private_addresses_need_the_setting(url: str) -> None:
    with pytest.raises(FetchError):
        check_url(url, PUBLIC)
    check_url(url, PRIVATE)


@pytest.mark.parametrize(
    "url",
    [
        *("http://169.254.169.254/", "http://[fe80::1]/", "http://0.0.0.0/", "http://[::]/"),
        *("http://100.100.100.200/", "http://239.1.1.1/", "http://255.255.255.255/"),
        *("http://2130706433/", "http://0x7f000001/", "http://127.1.2/", "gopher://a/", "//a"),
    ],
)
def test_reserved_addresses_and_odd_forms_are_never_fetched(url: str) -> None:
    with pytest.raises(FetchError):
        check_url(url, PRIVATE)


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

    with pytest.raises(FetchError, match="1,000 bytes"):
        await fetch(worker.url, FetchPolicy(allows_private=True, max_bytes=1000))


async def test_an_answer_has_a_time_limit(worker: PlayedWorker) -> None:
    worker.delay = 30

    with pytest.raises(FetchTimeoutError):
        await fetch(worker.url, FetchPolicy(allows_private=True, seconds=0.05))


async def test_a_host_that_does_not_exist_is_reported() -> None:
    with pytest.raises(FetchError, match="no address"):
        await asyncio.wait_for(fetch("http://nothing.invalid/", PRIVATE), 20)
