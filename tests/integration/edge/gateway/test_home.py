"""The page at `/`: what it links to is there."""

import re

import httpx

from tests.conftest import RunningStack


def test_a_browser_finds_its_way_from_the_root(stack: RunningStack) -> None:
    with httpx.Client(base_url=stack.url, headers={"accept": "text/html"}) as client:
        page = client.get("/")
        links = re.findall(r"href=[\"']([^\"']+)", page.text)
        found = {link: client.get(link, follow_redirects=True).status_code for link in links}

    assert page.headers["content-type"].startswith("text/html")
    assert "/console/talk-tracks" in found
    assert set(found.values()) == {200}


def test_a_program_is_told_that_nothing_is_there(stack: RunningStack) -> None:
    assert httpx.get(stack.url + "/").status_code == 404
