"""The sample project `album` in a browser: two tabs, presence, live rows, an upload."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.conftest import JS
from tests.support.cli_process import serving
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE_MS

pytestmark = [pytest.mark.e2e, pytest.mark.process, pytest.mark.timeout(600)]

FLAGS = "--headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run"


@pytest.fixture
def browser() -> Iterator[Browser]:
    """Debian's chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("No chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def details(node: str, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A stack of the sample, with supabase-js beside the page."""
    assert node
    project = tmp_path / "album"
    shutil.copytree(
        ROOT / "samples/album", project, ignore=shutil.ignore_patterns("node_modules", ".edge")
    )
    shutil.copytree(JS / "node_modules", project / "page/node_modules")
    with serving(project, "start", "--port", "0", "--db-port", "0") as started:
        yield started


def open_tab(browser: Browser, url: str, email: str) -> Page:
    """Sign somebody up in a tab of its own."""
    page = browser.new_context(base_url=url, locale="en-GB").new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/console/album")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_label("Message")).to_be_visible()
    return page


def photograph() -> bytes:
    """Return a picture of megabytes, so that the upload takes several chunks."""
    data = io.BytesIO()
    Image.effect_noise((2000, 1500), 90).convert("RGB").save(data, "PNG")
    return data.getvalue()


def test_two_tabs_see_each_other_and_what_comes(
    browser: Browser, details: dict[str, Any], pytestconfig: pytest.Config
) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    ann = open_tab(browser, details["API_URL"], "ann@example.com")
    bob = open_tab(browser, details["API_URL"], "bob@example.com")
    for page in (ann, bob):
        expect(page.locator("#present")).to_have_text("ann@example.com, bob@example.com")

    ann.get_by_label("Message").fill("hello Bob")
    ann.get_by_role("button", name="Send").click()
    expect(bob.get_by_text("hello Bob")).to_be_visible()
    expect(bob.get_by_role("button", name="Delete")).to_have_count(0)

    bob.get_by_label("Picture").set_input_files(
        {"name": "noise.png", "mimeType": "image/png", "buffer": photograph()}
    )
    expect(bob.get_by_label("Upload")).to_have_js_property("value", 1)
    picture = ann.get_by_alt_text("noise.png")
    expect(picture).to_have_js_property("naturalWidth", 96)
    assert "/render/image/public/pictures/" in (picture.get_attribute("src") or "")
    assert pytestconfig.cache is not None
    ann.screenshot(path=Path(pytestconfig.cache.mkdir("console")) / "album.png")

    bob.get_by_label("Picture").set_input_files(
        {"name": "no.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    )
    expect(bob.get_by_role("alert")).to_contain_text("mime type text/plain is not supported")

    ann.get_by_role("button", name="Delete").click()
    expect(bob.get_by_text("hello Bob")).to_have_count(0)
    bob.close()
    expect(ann.locator("#present")).to_have_text("ann@example.com")
