"""What is read of a call does not hold the event loop: not by its length, nor as the first one."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.telephony.opt_out import read_aside
from shared.telephony.opt_out_words import languages


@pytest.fixture
def unloaded() -> Iterator[None]:
    languages._load.cache_clear()
    yield
    languages.load_languages()


@pytest.mark.usefixtures("unloaded")
async def test_a_long_call_and_the_first_one_are_read_in_a_thread() -> None:
    first = await read_aside(threading.get_ident, 10)
    with ThreadPoolExecutor(2) as threads:
        loaded = [threads.submit(languages.load_languages) for _ in range(2)]
    short = await read_aside(threading.get_ident, 10)
    long = await read_aside(threading.get_ident, 5_000)

    assert loaded[0].result() is loaded[1].result()
    assert threading.get_ident() == short
    assert threading.get_ident() not in (first, long)
