"""What a function is told about its client, and whom it is believed."""

import pytest

from edge.runtime.proxy.forwarded import forwarded_headers

SPOOFED = [
    (b"host", b"shop.example"),
    (b"x-forwarded-for", b"9.9.9.9"),
    (b"x-forwarded-proto", b"https"),
    (b"x-real-ip", b"9.9.9.9"),
    (b"x-own", b"1"),
]


def headers(trusted: str, client: tuple[str, int] | None = ("10.0.0.7", 1)) -> dict[bytes, bytes]:
    scope = {"client": client, "scheme": "http", "headers": SPOOFED}
    return dict(forwarded_headers(scope, (b"x-own",), trusted))


@pytest.mark.parametrize("trusted", ["", "10.0.1.0/24", "10.0.0.8, ::1"])
def test_a_client_cannot_say_who_it_is(trusted: str) -> None:
    assert headers(trusted) == {
        b"host": b"shop.example",
        b"x-forwarded-for": b"10.0.0.7",
        b"x-forwarded-proto": b"http",
        b"x-forwarded-host": b"shop.example",
    }


@pytest.mark.parametrize("trusted", ["*", "10.0.0.0/24", "::1,10.0.0.7"])
def test_a_named_proxy_says_who_its_client_is(trusted: str) -> None:
    found = headers(trusted)

    assert found[b"x-forwarded-for"] == b"9.9.9.9, 10.0.0.7"
    assert found[b"x-forwarded-proto"] == b"https"
    assert found[b"x-real-ip"] == b"9.9.9.9"


def test_an_unknown_address_is_left_out() -> None:
    assert b"x-forwarded-for" not in headers("", client=None)
