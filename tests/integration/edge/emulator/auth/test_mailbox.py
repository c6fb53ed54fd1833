"""The mailbox over HTTP: its page, and the APIs that e2e helpers use."""

from collections.abc import AsyncIterator

import httpx
import pytest

from edge.emulator.auth.mail.app import create_mailbox_app
from edge.emulator.auth.mail.mailbox import Mailbox, Message


@pytest.fixture
def mailbox() -> Mailbox:
    box = Mailbox()
    box.add(Message("ann@example.com", "First", "<p>one</p>", "one 111111"))
    box.add(Message("bob@example.com", "<Second>", "<p>two</p>", "two 222222"))
    return box


@pytest.fixture
async def client(mailbox: Mailbox) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_mailbox_app(mailbox))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as made:
        yield made


async def test_the_page_lists_and_shows_mails_escaped(
    client: httpx.AsyncClient, mailbox: Mailbox
) -> None:
    page = await client.get("/")
    newest = next(iter(mailbox))
    shown = await client.get(f"/messages/{newest.id}")

    assert page.text.index("bob@example.com") < page.text.index("ann@example.com")
    assert "&lt;Second&gt;" in page.text
    assert "<Second>" not in page.text + shown.text
    assert 'sandbox="allow-popups' in shown.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_mailpit_s_api(client: httpx.AsyncClient, mailbox: Mailbox) -> None:
    listed = (await client.get("/api/v1/messages?limit=1")).json()
    found = (await client.get("/api/v1/search", params={"query": "to:ann@example.com"})).json()
    (summary,) = found["messages"]
    message = (await client.get(f"/api/v1/message/{summary['ID']}")).json()

    assert (listed["total"], listed["count"], listed["messages"][0]["Subject"]) == (
        2,
        1,
        "<Second>",
    )
    assert (message["Text"], message["HTML"]) == ("one 111111", "<p>one</p>")
    assert message["To"] == [{"Name": "", "Address": "ann@example.com"}]
    assert (await client.get("/api/v1/message/latest")).json()["Subject"] == "<Second>"
    deleted = await client.request("DELETE", "/api/v1/messages", json={"IDs": [summary["ID"]]})
    assert (deleted.text, len(mailbox)) == ("ok", 1)
    await client.delete("/api/v1/messages")
    assert len(mailbox) == 0


async def test_inbucket_s_api(client: httpx.AsyncClient) -> None:
    (entry,) = (await client.get("/api/v1/mailbox/ann")).json()
    message = (await client.get(f"/api/v1/mailbox/ann/{entry['id']}")).json()

    assert (entry["subject"], message["body"]["text"]) == ("First", "one 111111")


async def test_the_oldest_makes_room() -> None:
    box = Mailbox()
    for number in range(600):
        box.add(Message(f"{number}@example.com", "", "", ""))

    assert len(box) == 500
    assert box.search("0@example.com")[-1].to == "100@example.com"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"IDs": ["' + b"x" * 300_000 + b'"]}', 413),
        (b'{"IDs": [' + b"1," * 20_000 + b"1]}", 400),
        (b"[" * 9_000, 400),
        (b"[]", 400),
    ],
)
async def test_a_body_that_takes_long_deletes_nothing(
    client: httpx.AsyncClient, mailbox: Mailbox, body: bytes, status: int
) -> None:
    answer = await client.request("DELETE", "/api/v1/messages", content=body)

    assert (answer.status_code, len(mailbox)) == (status, 2)
