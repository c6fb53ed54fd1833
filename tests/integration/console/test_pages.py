"""The local stack's pages as files: what is served, and what is not."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from edge.emulator.console.app import create_console_app


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The pages of a project with one sample, and a secret beside its samples."""
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "deck.json").write_text("{}")
    (tmp_path / ".env").write_text("KEY=secret")
    transport = httpx.ASGITransport(create_console_app("sb_publishable_x", samples))
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        yield client


async def test_the_page_and_all_that_it_names_are_there(console: httpx.AsyncClient) -> None:
    page = await console.get("/talk-tracks")
    named = [word.split('"')[0] for word in page.text.split('="/console')[1:]]

    assert page.headers["content-type"].startswith("text/html")
    assert len(named) == 3
    assert {(await console.get(path)).status_code for path in named} == {200}


async def test_modules_come_with_a_type_that_browsers_run(console: httpx.AsyncClient) -> None:
    module = await console.get("/static/talk_tracks.js")

    assert module.headers["content-type"].startswith("text/javascript")
    assert module.headers["cache-control"] == "no-cache"


async def test_only_the_publishable_key_is_told(console: httpx.AsyncClient) -> None:
    assert (await console.get("/settings.json")).json() == {"publishableKey": "sb_publishable_x"}


async def test_pages_run_nothing_from_elsewhere(console: httpx.AsyncClient) -> None:
    policy = (await console.get("/talk-tracks")).headers["content-security-policy"]

    assert policy.startswith("default-src 'self';")


async def test_samples_are_served_and_nothing_beside_them(console: httpx.AsyncClient) -> None:
    found = await console.get("/samples/deck.json")
    escapes = [
        await console.get(f"/{folder}/{up}.env")
        for folder in ("samples", "static")
        for up in ("%2e%2e/", "..%2f", "%2e%2e%2f%2e%2e%2f")
    ]

    assert found.json() == {}
    assert {answer.status_code for answer in escapes} == {404}


async def test_a_project_without_samples_has_the_page_too(tmp_path: Path) -> None:
    transport = httpx.ASGITransport(create_console_app("key", tmp_path / "none"))
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        assert (await client.get("/talk-tracks")).status_code == 200
        assert (await client.get("/samples/deck.json")).status_code == 404
