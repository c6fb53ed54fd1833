"""What is kept of browsers, and read of their cookies."""

import time

import pytest

from backend.chat import browsers as module
from backend.chat.browsers import Browser, Browsers, read_cookie


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", ""),
        ("chat_socket=a-b_9", "a-b_9"),
        ("other=1; chat_socket=x; more=2", "x"),
        ("other=chat_socket", ""),
        ('chat_socket="', ""),
        ("[]=1; chat_socket=x", ""),
        ("\x00;;=", ""),
    ],
)
def test_the_cookie_of_a_socket(header: str, found: str) -> None:
    assert read_cookie(header) == found


def test_sockets_of_one_browser_share_what_they_follow() -> None:
    browsers = Browsers()
    first = browsers.enter("a", "")
    assert browsers.enter("b", "chat_socket=a") is first
    assert browsers.enter("c", "chat_socket=b") is first
    assert browsers.enter("d", "chat_socket=unknown") is not first


def test_of_many_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser()
    for number in [*range(25), 5]:
        browser.follow(str(number))
    assert list(browser.sessions) == [*map(str, range(6, 25)), "5"]
    monkeypatch.setattr(module, "_MOST", 2)
    browsers = Browsers()
    first, second = browsers.enter("a", ""), browsers.enter("b", "")
    browsers.enter("c", "")
    assert browsers.enter("d", "chat_socket=a") is not first
    assert browsers.enter("e", "chat_socket=c") is not second


def test_what_was_missed_begins_before_anybody_could_notice() -> None:
    assert Browser(left_at=1000.0).missed_since == 940.0
    assert Browser().missed_since < time.time() - 50
