"""Users over the API: pages, sessions, tokens."""

import httpx
import pytest

from tests.integration.edge.console_api.client import Console

pytestmark = [pytest.mark.e2e]


def test_pages_hold_each_user_once(console: Console) -> None:
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = console.get("/users", limit=25, cursor=cursor)
        found += [each["id"] for each in page["data"]]
        cursor = page["next"]

    assert len(found) == len(set(found))
    assert set(console.users) <= set(found)


def test_a_token_signs_in_as_the_user_and_is_audited(console: Console) -> None:
    alice, _ = console.users

    token = console.request("POST", f"/users/{alice}/token").json()
    url = f"{console.stack.url}/rest/v1/{console.table}"
    headers = {
        "apikey": console.stack.publishable_key,
        "authorization": f"Bearer {token['access_token']}",
    }

    assert token["expires_in"] == 600
    rows = httpx.get(url, headers=headers)
    assert rows.status_code == 200, rows.text
    assert [row["text"] for row in rows.json()] == ["row 0"]
    assert console.audited(alice) == ["user.token"]


def test_sessions_are_listed_and_ended(console: Console) -> None:
    alice, _ = console.users
    console.execute(f"insert into auth.sessions (id, user_id) values ('{alice}', '{alice}')")

    shown = console.get(f"/users/{alice}")
    ended = console.request("DELETE", f"/users/{alice}/sessions/{alice}")
    again = console.request("DELETE", f"/users/{alice}/sessions/{alice}")

    assert [each["id"] for each in shown["sessions"]] == [alice]
    assert (shown["factors"], shown["identities"]) == ([], [])
    assert (ended.status_code, again.status_code) == (200, 404)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/users?cursor=x", 400),
        ("/users?cursor=W10", 400),
        ("/users?limit=" + "9" * 5000, 400),
        ("/users?q=%25", 200),
        ("/users/nobody", 404),
        ("/users/00000000-0000-4000-8000-000000000000", 404),
    ],
)
def test_wrong_queries_are_refused(console: Console, path: str, status: int) -> None:
    assert console.request("GET", path).status_code == status
