"""The JWKS cache: when it fetches, and which tokens make it fetch."""

import asyncio
import json
from base64 import urlsafe_b64encode

import pytest

from edge.jwks import JwksCache

SECRET = "s" * 40
UNREACHABLE = "http://127.0.0.1:9"


async def test_tokens_with_unknown_keys_cause_one_fetch_in_ten_seconds() -> None:
    failures: list[str] = []
    now = [100.0]
    cache = JwksCache(UNREACHABLE, SECRET, on_failure=failures.append, clock=lambda: now[0])

    await asyncio.gather(*(cache.prepare(bearer(kid=f"{n}", alg="ES256")) for n in range(20)))
    await cache.prepare(bearer(kid="21", alg="ES256"))
    counts = [len(failures)]
    now[0] += 11
    await cache.prepare(bearer(kid="22", alg="ES256"))
    counts.append(len(failures))

    assert counts == [1, 2]


@pytest.mark.parametrize(
    "authorization",
    [b"", b"Bearer", b"Bearer sb_secret_x", b"Bearer a.b.c", b"Basic e30=", b"Bearer W10.e30.c"],
)
async def test_other_credentials_cause_no_fetch(authorization: bytes) -> None:
    failures: list[str] = []
    cache = JwksCache(UNREACHABLE, SECRET, on_failure=failures.append)

    await cache.prepare([(b"authorization", authorization)])
    await cache.prepare(bearer(kid="1", alg="HS256"))

    assert failures == []


async def test_a_failed_fetch_keeps_the_known_keys() -> None:
    changes: list[str] = []
    cache = JwksCache(UNREACHABLE, SECRET, '{"keys": []}', on_change=changes.append)
    known = cache.keys

    await cache.refresh(max_age=10)

    assert (cache.keys, cache.is_fetched, changes) == (known, False, [])


def bearer(**header: str) -> list[tuple[bytes, bytes]]:
    segment = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=")
    return [(b"authorization", b"Bearer " + segment + b".e30.c2ln")]
