"""Cookies are read in a time that grows with their length only, wherever they are read."""

import time

import pytest

from edge.console_proxy.access import ConsoleAccess
from edge.console_proxy.app import ConsoleViews
from edge.console_proxy.process import ConsoleProcess
from edge.cookies import read_cookies
from edge.gateway.guard import Secret
from edge.operators.project import Project
from edge.operators.sessions import Sessions
from edge.tokens import Keys

QUOTES = b'a="' + b'\\"' * 30_000 + b'"'


def test_cookies_are_read_by_name_as_they_were_sent() -> None:
    assert read_cookies('a=1; b="x y"; c=2=3;a = 4 ;; d; =e') == {
        "a": "4",
        "b": '"x y"',
        "c": "2=3",
        "d": "",
    }


@pytest.mark.parametrize("reader", ["console", "operators"])
async def test_a_cookie_of_many_quotes_is_refused_at_once(reader: str) -> None:
    project = Project("http://127.0.0.1:1", "anon", "secret")
    sessions = Sessions(
        project, lambda _: ConsoleViews(ConsoleProcess(dict[str, str], lambda _: None))
    )
    access = ConsoleAccess("t", Secret("s", Keys("x" * 32)), 1)
    headers = [(b"cookie", QUOTES)]
    started = time.thread_time()
    found = access.is_allowed(headers) if reader == "console" else sessions.by_cookie(headers)

    assert not found
    assert time.thread_time() - started < 0.05
    await project.close()
