"""What a request is called in traces."""

from typing import Any

import pytest

from edge.production.access_log import AccessLog


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (b"/functions/v1/hello/more", "POST /functions/v1/hello"),
        (b"/functions/v1/made-up", "POST"),
        (b"/hello", "POST"),
        (b"/rest/v1/todos", "POST"),
    ],
)
async def test_a_span_is_named_after_a_function_that_is_there(path: bytes, name: str) -> None:
    names: list[str] = []

    async def answer(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})

    async def ignore(_message: Any) -> None:
        pass

    log = AccessLog(
        answer,
        lambda _: None,
        lambda: True,
        begin_span=lambda name, _: names.append(name),
        functions=lambda: {"hello"},
    )
    scope = {"type": "http", "method": "POST", "raw_path": path, "headers": []}
    await log({**scope, "http_version": "1.1"}, ignore, ignore)

    assert names == [name]
