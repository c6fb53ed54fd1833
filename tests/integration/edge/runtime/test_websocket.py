"""WebSockets through the gateway to a function that speaks them."""

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.support.functions_runtime import Functions

pytestmark = pytest.mark.process


def address(functions: Functions, path: str) -> str:
    return functions.url.replace("http://", "ws://") + "/functions/v1" + path


def test_messages_pass_both_ways(functions: Functions) -> None:
    headers = {"authorization": f"Bearer {functions.token}"}
    with connect(address(functions, "/talks/room?a=1"), additional_headers=headers) as socket:
        path = socket.recv()
        socket.send("hello")
        text = socket.recv()
        socket.send(b"\x00\xff" * 100_000)
        data = socket.recv()

    assert path == "/talks/room"
    assert (text, data) == ("hello", b"\x00\xff" * 100_000)


def test_the_token_is_checked_before_the_upgrade(functions: Functions) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(address(functions, "/talks")):
        pass

    assert refused.value.response.status_code == 401
    assert refused.value.response.headers["sb-error-code"] == "UNAUTHORIZED_NO_AUTH_HEADER"


def test_an_unknown_function_is_404(functions: Functions) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(address(functions, "/nobody")):
        pass

    assert refused.value.response.status_code == 404


def test_a_function_without_websockets_refuses(functions: Functions) -> None:
    headers = {"authorization": f"Bearer {functions.token}"}
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(address(functions, "/talks-not"), additional_headers=headers),
    ):
        pass

    assert refused.value.response.status_code in {403, 404}
