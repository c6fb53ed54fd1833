"""Whatever a request holds, the event loop that answers others is busy for a short time only."""

import time

import pytest
from starlette.requests import Request

from edge.emulator.auth.context import client_address
from edge.tokens import mint
from tests.support.auth_service import SECRET, Auth
from tests.support.loop_time import longest_step

LIMIT = 0.02
ROWS = b"[" + b"{}," * 300_000 + b"{}]"
ROUTES = [
    ("POST", "/signup"),
    ("POST", "/token?grant_type=password"),
    ("POST", "/token?grant_type=pkce"),
    ("POST", "/otp"),
    ("POST", "/recover"),
    ("POST", "/verify"),
    ("POST", "/admin/users"),
]


@pytest.mark.parametrize(("method", "url"), ROUTES)
async def test_a_body_of_many_values_is_refused_before_it_is_parsed(
    auth: Auth, method: str, url: str
) -> None:
    headers = {"authorization": f"Bearer {mint(SECRET, 'service_role')}"} if "admin" in url else {}
    await auth(method, url, content=b'{"email": 1}', headers=headers)
    body = (
        b'{"email": "ann@example.com", "password": "correct horse", "data": {"a": ' + ROWS + b"}}"
    )
    answer, seconds = await longest_step(auth(method, url, content=body, headers=headers))

    assert (answer.status_code, answer.json()["code"]) == (413, "request_entity_too_large")
    assert seconds < LIMIT, f"{seconds * 1000:.0f} ms"


async def test_metadata_that_grows_by_short_changes_is_bounded(auth: Auth) -> None:
    token = (await auth.sign_up())["access_token"]
    answers = [
        await auth("PUT", "/user", {"data": {f"part{number}": [0] * 4_000}}, token)
        for number in range(3)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 413]
    assert (await auth("GET", "/user", token=token)).status_code == 200


def test_a_long_chain_of_addresses_is_not_read_to_its_end() -> None:
    headers = [(b"x-forwarded-for", b"x," * 30_000)]
    started = time.thread_time()
    address = client_address(Request({"type": "http", "headers": headers, "client": None}))

    assert address == "127.0.0.1"
    assert time.thread_time() - started < LIMIT
