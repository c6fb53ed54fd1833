"""The parts of a production instance that need no process."""

import pytest

from edge.production.cloud_logging import Trace, parse_trace
from edge.production.shared_rate import SharedRate
from edge.runtime.bucket import Bucket

ID = "0af7651916cd43dd8448eb211c80319c"


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
