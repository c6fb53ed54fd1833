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


@pytest.mark.parametrize(
    ("trusted", "given", "passed"),
    [
        ("10.0.0.7", b"evil, 9.9.9.9", b"9.9.9.9, 10.0.0.7"),
        ("10.0.0.0/24", b"evil, 9.9.9.9, 10.0.0.3", b"9.9.9.9, 10.0.0.3, 10.0.0.7"),
        ("10.0.0.0/24", b"10.0.0.2, 10.0.0.3", b"10.0.0.2, 10.0.0.3, 10.0.0.7"),
        ("*", b"9.9.9.9, 10.0.0.3", b"9.9.9.9, 10.0.0.3, 10.0.0.7"),
        ("10.0.0.7", b" , ", b"10.0.0.7"),
    ],
)
def test_what_a_client_wrote_before_its_address_is_dropped(
    trusted: str, given: bytes, passed: bytes
) -> None:
    scope = {"client": ("10.0.0.7", 1), "headers": [(b"x-forwarded-for", given)]}

    assert dict(forwarded_headers(scope, (), trusted))[b"x-forwarded-for"] == passed


def test_an_unknown_address_is_left_out() -> None:
    assert b"x-forwarded-for" not in headers("", client=None)
