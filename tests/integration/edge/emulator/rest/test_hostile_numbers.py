"""Numbers that no machine holds, wherever a client may write one: an answer, and no crash."""

from typing import Any

import pytest

from tests.support.data_api import Rest

pytestmark = pytest.mark.asyncio(loop_scope="session")
HUGE = "9" * 5000
READ = ("GET", "/shows")


@pytest.fixture
def rest(rolled_back: Rest) -> Rest:
    return rolled_back


@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        (*READ, {"range": f"0-{HUGE}"}),
        (*READ, {"range": f"{HUGE}-"}),
        (*READ, {"accept": f"application/json;q={HUGE}"}),
        ("GET", f"/shows?limit={HUGE}", {}),
        ("GET", f"/shows?limit=-{HUGE}", {}),
        ("GET", f"/shows?offset={HUGE}", {}),
        ("GET", f"/shows?id=eq.{HUGE}", {}),
        ("GET", f"/shows?select=meta->{HUGE}", {}),
        ("GET", f"/shows?select=meta->{HUGE[:40]}", {}),
        ("GET", f"/shows?order=meta->{HUGE[:40]}", {}),
        ("DELETE", "/shows?id=eq.-1", {"prefer": f"handling=strict, max-affected={HUGE}"}),
        (*READ, {"content-length": HUGE}),
    ],
)
async def test_a_number_in_url_or_header(rest: Any, method: str, url: str, headers: dict[str, str]):
    response = await rest(method, url, headers=headers)

    assert response.status_code < 500, response.text


@pytest.mark.parametrize("number", [HUGE, "1e999", "-1e999", "NaN", "1" + "0" * 200_000])
async def test_a_number_in_a_body(rest: Any, number: str):
    content = f'{{"title": "n", "views": {number}, "meta": {{"n": {number}}}}}'

    for url in ("/shows", "/shows?columns=title,views"):
        response = await rest(
            "POST", url, content=content, headers={"content-type": "application/json"}
        )
        assert response.status_code < 500, response.text
