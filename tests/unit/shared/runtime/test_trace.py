"""The trace of a request goes with it to the project's services."""

import httpx
import pytest

from shared.runtime.trace import adopt_trace, pass_trace_on

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


async def sent(**headers: str) -> dict[str, str]:
    request = httpx.Request("GET", "http://x", headers=headers)
    await pass_trace_on(request)
    return dict(request.headers)


async def test_a_trace_is_passed_on_unless_the_request_has_one() -> None:
    assert adopt_trace({"traceparent": PARENT, "tracestate": "a=1"}) == TRACE

    passed_on = await sent()
    assert (passed_on["traceparent"], passed_on["tracestate"]) == (PARENT, "a=1")
    assert (await sent(traceparent="own"))["traceparent"] == "own"


@pytest.mark.parametrize(
    "header", ["", "nonsense", PARENT.upper(), f"00-{'0' * 32}-b7ad6b7169203331-01", PARENT + "\n"]
)
async def test_what_is_no_trace_is_dropped_with_the_one_before(header: str) -> None:
    adopt_trace({"traceparent": PARENT})

    assert adopt_trace({"traceparent": header}) == ""
    assert "traceparent" not in await sent()
