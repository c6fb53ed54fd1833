"""Which URLs users may be sent to."""

import pytest

from edge.emulator.auth.config import AuthConfig
from edge.emulator.auth.redirects import is_allowed
from edge.signing import SigningKeys

CONFIG = AuthConfig(
    SigningKeys("x" * 32),
    "http://127.0.0.1:54321/auth/v1",
    site_url="https://app.example",
    allow_list=(
        "https://*.preview.example/*",
        "https://docs.example/**",
        "http://localhost:3000/**",
        "myapp://callback",
        "https://{a,b}.example/login",
    ),
)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://app.example", True),
        ("https://app.example/any/path?x=1#y", True),
        ("http://app.example", False),
        ("https://app.example:444/", False),
        ("https://app.example.evil.example/", False),
        ("https://user@app.example/", True),
        ("https://app.example@evil.example/", False),
        ("https://one.preview.example/welcome", True),
        ("https://one.two.preview.example/welcome", False),
        ("https://one.preview.example/a/b", False),
        ("https://docs.example/a/b.html", True),
        ("http://localhost:3000/auth/callback", True),
        ("myapp://callback", True),
        ("myapp://other", False),
        ("https://b.example/login", True),
        ("https://c.example/login", False),
        ("http://2130706433/", False),
        ("http://169.254.169.254/", False),
        ("//evil.example", False),
        ("https://docs.example\\@evil.example/", False),
        ("https://docs.example/\nx", False),
        ("javascript:alert(1)", False),
        ("", False),
        ("https://[", False),
    ],
)
def test_urls(url: str, *, allowed: bool) -> None:
    assert is_allowed(CONFIG, url) is allowed


def test_on_loopback_the_port_does_not_matter() -> None:
    config = AuthConfig(SigningKeys("x" * 32), "", site_url="http://127.0.0.1:3000")

    assert is_allowed(config, "http://127.0.0.1:5173/callback")
