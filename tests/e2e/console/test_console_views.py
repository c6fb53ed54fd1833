"""The console in a browser: each view opens with the link, and not without it."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.e2e.console.conftest import Tab, find_serious, watch
from tests.support.recorded_stack import RecordedStack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

VIEWS = (
    *("/", "/functions", "/functions/broken", "/requests", "/errors", "/logs"),
    *("/tables", "/tables/public/notes?role=anon", "/sql", "/users", "/mail", "/storage"),
    *("/realtime", "/providers", "/schedules", "/settings", "/audit"),
)
_OF_COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
"""What another scheme changes: all else that axe-core looks at is the same in the dark."""
_BEYOND_THE_EDGE = """
  [...document.querySelectorAll(".table-scroll")]
    .filter(each => each.scrollWidth > each.clientWidth + 1).length"""
_PHONE, _SCREEN = {"width": 390, "height": 844}, {"width": 1280, "height": 720}


@pytest.fixture(scope="module", autouse=True)
def requests(recorded: RecordedStack) -> dict[str, str]:
    """Requests that succeeded, failed and were refused; their ids by name."""
    ids = {
        "fine": recorded.call("echo", json={"a": 1}),
        "failed": recorded.call("broken", json={"a": 1}),
        "refused": recorded.call("picky", json={"value": -1}),
    }
    found = {name: answer.headers["sb-request-id"] for name, answer in ids.items()}
    for each in found.values():
        recorded.show(each)
    return found


def test_the_link_leaves_no_token_in_the_address(
    chromium: Browser, recorded: RecordedStack
) -> None:
    context = chromium.new_context(base_url=recorded.stack.settings.api_url)
    tab = watch(context, recorded.stack.settings.api_url)
    tab.page.goto("/console/")
    expect(tab.page.locator("body")).to_contain_text("edge status")
    tab.page.goto(recorded.stack.settings.console_url or "")
    tab.page.wait_for_url("**/console/")
    expect(tab.page.locator("h1")).to_have_text("Home")

    assert recorded.stack.settings.console_token not in tab.page.content()
    assert "token" not in tab.page.evaluate("document.cookie")
    context.close()


def test_every_view_opens_fits_a_phone_and_is_accessible(
    tab: Tab, requests: dict[str, str]
) -> None:
    """Each is loaded once, as a phone, and grows to a screen: loading them takes the longest."""
    found: dict[str, list[str]] = {}
    wide: dict[str, int] = {}
    scrolled: dict[str, int] = {}
    for path in (*VIEWS, f"/requests/{requests['failed']}", "/board"):
        tab.page.set_viewport_size(_PHONE)
        tab.page.emulate_media(color_scheme="light")
        tab.open(path)
        width = tab.page.evaluate("document.documentElement.scrollWidth")
        if width > _PHONE["width"]:
            wide[path] = width
        if hidden := tab.page.evaluate(_BEYOND_THE_EDGE):
            scrolled[path] = hidden
        tab.page.set_viewport_size(_SCREEN)
        expect(tab.page.get_by_role("navigation", name="Console")).to_be_visible()
        expect(tab.page.locator(".message-error")).to_have_count(0)
        expect(tab.page.locator("body")).not_to_have_class(re.compile("body--dark"))
        tab.page.evaluate(Axe().axe_script)
        serious = find_serious(tab)
        tab.page.emulate_media(color_scheme="dark")
        expect(tab.page.locator("body")).to_have_class(re.compile("body--dark"))
        if serious := serious + find_serious(tab, **_OF_COLOURS):
            found[path] = serious

    assert found == {}
    assert wide == {}
    assert scrolled == {}


def test_a_phone_has_the_navigation_behind_a_button(tab: Tab) -> None:
    tab.page.set_viewport_size(_PHONE)
    tab.open("/")
    tab.page.get_by_role("button", name="Navigation").click()
    tab.page.get_by_role("link", name="Logs").click()
    expect(tab.page.locator("h1")).to_have_text("Logs")


def test_a_phone_names_what_has_no_heading_above_it(tab: Tab) -> None:
    tab.page.set_viewport_size(_PHONE)
    page = tab.open("/functions")
    cell = page.locator("td[data-label='Calls']").first

    label = cell.evaluate("cell => getComputedStyle(cell, '::before').content")
    assert "Calls" in label
    assert cell.evaluate("cell => getComputedStyle(cell).borderBottomWidth") == "0px"


def test_what_is_not_there_says_so(tab: Tab) -> None:
    tab.open("/requests/00000000-0000-4000-8000-000000000000")
    expect(tab.page.locator(".message")).to_contain_text("older than what is kept")
