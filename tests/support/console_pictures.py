"""Pictures of each view of a running console, for people to look at; see scripts/screenshots."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

_SIZES: Final = {"wide": (1280, 800), "phone": (390, 844)}
_SCHEMES: Final = ("light", "dark")
_DETAILS: Final = re.compile(r"/console/[a-z-]+/[^/?]+$")
_MOST_DETAILS: Final = 2
_SETTLED_MS: Final = 400
_TALLEST: Final = 2600


def find_views(page: Page) -> Iterator[str]:
    """Yield the addresses of the navigation's pages, and of the first details that each links."""
    pages: list[str] = page.eval_on_selector_all(
        "nav a[href^='/console/']", "links => links.map(link => link.getAttribute('href'))"
    )
    for address in dict.fromkeys(pages):
        yield address
        page.goto(address)
        page.wait_for_selector("h1")
        page.wait_for_timeout(_SETTLED_MS)
        found: list[str] = page.eval_on_selector_all(
            "#content a[href^='/console/']", "links => links.map(link => link.getAttribute('href'))"
        )
        yield from list(dict.fromkeys(filter(_DETAILS.match, found)))[:_MOST_DETAILS]


def take_all(link: str, folder: Path) -> int:
    """Write all pictures to `folder`; return their number."""
    folder.mkdir(parents=True, exist_ok=True)
    place = urlsplit(link)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    taken = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(base_url=f"{place.scheme}://{place.netloc}")
        page = context.new_page()
        page.goto(link)
        page.wait_for_url("**/console/", timeout=90_000)
        page.wait_for_selector("h1")
        views = list(dict.fromkeys(find_views(page)))
        for address in views:
            name = address.removeprefix("/console/").strip("/").replace("/", "-") or "home"
            page.goto(address)
            page.wait_for_selector("h1")
            for size, (width, height) in _SIZES.items():
                page.set_viewport_size({"width": width, "height": height})
                for scheme in _SCHEMES:
                    page.emulate_media(color_scheme=scheme)
                    page.wait_for_timeout(_SETTLED_MS)
                    _photograph(page, folder / f"{name[:60]}-{size}-{scheme}.png")
                    taken += 1
        browser.close()
    return taken


def _photograph(page: Page, path: Path) -> None:
    """Take the whole page, however far it scrolls, up to a height that can be looked at."""
    size = page.viewport_size
    assert size is not None
    height: int = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({**size, "height": max(size["height"], min(height, _TALLEST))})
    page.screenshot(path=path)
    page.set_viewport_size(size)


def main(folder: str, link: str) -> None:
    """Take the pictures of the stack of this project, or of `link`."""
    if not link:
        command = [sys.executable, "-m", "edge", "status", "-o", "json"]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        link = json.loads(answer.stdout)["CONSOLE_URL"]
    taken = take_all(link, Path(folder))
    sys.stdout.write(f"{taken} pictures in {folder}\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
