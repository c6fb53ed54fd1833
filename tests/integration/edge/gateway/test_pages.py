"""Pages of the project: which files are served and which are not."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from edge.gateway.pages import create_pages_app, page_names
from edge.project.extensions import read_extensions
from tests.support.paths import ROOT


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The page for talk tracks, a folder of samples, and a secret next to it."""
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "deck.json").write_text("{}")
    (tmp_path / ".env").write_text("KEY=secret")
    pages = {**read_extensions(ROOT).pages, "samples": samples}
    transport = httpx.ASGITransport(create_pages_app("sb_publishable_x", pages))
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        yield client


async def test_the_page_and_all_that_it_names_are_there(console: httpx.AsyncClient) -> None:
    page = await console.get("/talk-tracks")
    named = [word.split('"')[0] for word in page.text.split('="/console')[1:]]

    assert page.headers["content-type"].startswith("text/html")
    assert len(named) == 3
    assert {(await console.get(path)).status_code for path in named} == {200}


async def test_modules_have_a_javascript_media_type(console: httpx.AsyncClient) -> None:
    module = await console.get("/talk-tracks/talk_tracks.js")

    assert module.headers["content-type"].startswith("text/javascript")
    assert module.headers["cache-control"] == "no-cache"


async def test_only_the_publishable_key_is_in_the_settings(console: httpx.AsyncClient) -> None:
    assert (await console.get("/settings.json")).json() == {"publishableKey": "sb_publishable_x"}


@pytest.mark.parametrize("path", ["/talk-tracks", "/talk-tracks/", "/talk-tracks/view.js"])
async def test_pages_run_nothing_from_elsewhere(console: httpx.AsyncClient, path: str) -> None:
    page = await console.get(path)

    assert page.status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_samples_are_served_and_no_file_next_to_them(console: httpx.AsyncClient) -> None:
    found = await console.get("/samples/deck.json")
    escapes = [
        await console.get(f"/{folder}/{up}.env")
        for folder in ("samples", "talk-tracks")
        for up in ("%2e%2e/", "..%2f", "%2e%2e%2f%2e%2e%2f")
    ]

    assert found.json() == {}
    assert {answer.status_code for answer in escapes} == {404}


async def test_a_folder_without_an_index_is_not_a_page(tmp_path: Path) -> None:
    (tmp_path / "deck.json").write_text("{}")
    pages = {"samples": tmp_path}
    transport = httpx.ASGITransport(create_pages_app("key", pages))
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        assert page_names(pages) == []
        assert (await client.get("/")).status_code == 404
        assert (await client.get("/samples")).status_code in {307, 404}
        assert (await client.get("/samples/deck.json")).status_code == 200
