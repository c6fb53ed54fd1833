"""Who calls the storage service, and what is said of a key that is none of the project's."""

import pytest
from starlette.requests import Request

from edge.emulator.storage.errors import StorageError
from edge.emulator.storage.identity import authenticate
from edge.tokens import Keys


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("sb_secret_wrong", "Invalid Compact JWS: the API key is none of this project's"),
        ("nonsense", "Invalid Compact JWS"),
    ],
)
def test_a_wrong_key_is_said_to_be_wrong(token: str, message: str) -> None:
    headers = [(b"authorization", f"Bearer {token}".encode())]

    with pytest.raises(StorageError) as caught:
        authenticate(Request({"type": "http", "headers": headers}), Keys("s" * 32))

    assert caught.value.message == message
