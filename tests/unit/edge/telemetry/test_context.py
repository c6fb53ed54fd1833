"""Traces are read from the headers of W3C and Google."""

import pytest

from edge.telemetry.context import Trace, parse_trace

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
