"""The parts of a production instance that need no process."""

import asyncio
import json
from base64 import urlsafe_b64encode

import pytest

from edge.production.cloud_logging import Trace, parse_trace
from edge.production.jwks_refresher import KeySet
from edge.production.shared_rate import SharedRate
from edge.project.hosted import Remote
from edge.runtime.pool.token_bucket import Bucket

ID = "0af7651916cd43dd8448eb211c80319c"
SECRET = "s" * 40


@pytest.mark.parametrize(
    ("traceparent", "cloud", "trace"),
    [
        (f"00-{ID}-b7ad6b7169203331-01", "", Trace(ID, "b7ad6b7169203331", True)),
        (f"00-{ID}-b7ad6b7169203331-00", f"{ID}/1", Trace(ID, "b7ad6b7169203331", False)),
        ("", f"{ID}/26;o=1", Trace(ID, "000000000000001a", True)),
        ("", ID, Trace(ID, "", False)),
        ("00-nonsense", "x/y;o=1", None),
    ],
)
def test_a_trace_is_read_from_either_header(
    traceparent: str, cloud: str, trace: Trace | None
) -> None:
    assert parse_trace(traceparent, cloud) == trace


async def test_while_the_database_is_away_nothing_is_refused_and_it_is_said_once() -> None:
    told: list[str] = []
    now = [100.0]
    rate = SharedRate("http://127.0.0.1:9", "key", told.append, clock=lambda: now[0])

    waits = [await rate("f", 1.0), await rate("f", 1.0)]
    now[0] += 6
    waits.append(await rate("f", 1.0))
    await rate.close()

    assert waits == [0.0, 0.0, 0.0]
    assert len(told) == 2


def test_a_bucket_of_less_than_one_a_second_lets_one_pass() -> None:
    now = [0.0]
    bucket = Bucket(0.1, clock=lambda: now[0])

    assert bucket.take() == 0.0
    assert bucket.take() == pytest.approx(10.0)
    now[0] = 10.0
    assert bucket.take() == 0.0


async def test_tokens_of_unknown_keys_have_the_key_set_asked_for_once_in_a_while() -> None:
    told: list[str] = []
    now = [100.0]
    remote = Remote("http://127.0.0.1:9", {"SUPABASE_JWKS": '{"keys": []}'}, SECRET)
    keys = KeySet(remote, lambda _: None, told.append, interval=300, clock=lambda: now[0])

    await asyncio.gather(*(keys.prepare(bearer(kid=f"{n}", alg="ES256")) for n in range(20)))
    await keys.prepare(bearer(kid="21", alg="ES256"))
    asked = [len(told)]
    now[0] += 11
    await keys.prepare(bearer(kid="22", alg="ES256"))
    asked.append(len(told))

    assert asked == [1, 2]


@pytest.mark.parametrize(
    "authorization",
    [b"", b"Bearer", b"Bearer sb_secret_x", b"Bearer a.b.c", b"Basic e30=", b"Bearer W10.e30.c"],
)
async def test_what_names_no_published_key_is_left_to_the_gateway(authorization: bytes) -> None:
    told: list[str] = []
    remote = Remote("http://127.0.0.1:9", {"SUPABASE_JWKS": '{"keys": []}'}, SECRET)
    keys = KeySet(remote, lambda _: None, told.append, interval=300)

    await keys.prepare([(b"authorization", authorization)])
    await keys.prepare(bearer(kid="1", alg="HS256"))

    assert told == []


def bearer(**header: str) -> list[tuple[bytes, bytes]]:
    segment = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=")
    return [(b"authorization", b"Bearer " + segment + b".e30.c2ln")]
