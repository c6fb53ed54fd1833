"""The console of a hosted project in a browser: sign-in, reading, one change, and its audit."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from edge.operators.attempts import MOST_AT_ACCOUNT
from tests.conftest import RunningStack
from tests.e2e.console.conftest import Tab, watch
from tests.support.operators import PASSWORD, Console, make_code, serve_operators

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def console(stack: RunningStack, tmp_path: Path) -> Iterator[Console]:
    with serve_operators(stack, tmp_path) as found:
        yield found


@pytest.fixture
def tab(chromium: Browser, console: Console) -> Iterator[Tab]:
    """A browser that nobody has signed in with; the test fails on any fault."""
    context = chromium.new_context(base_url=console.url, locale="en-GB", reduced_motion="reduce")
    opened = watch(context, console.url)
    yield opened
    context.close()
    assert opened.faults == []


def fill(page: Page, email: str, password: str = PASSWORD, code: str = "") -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_label("Code of your authenticator").fill(code)
    page.get_by_role("button", name="Sign in").click()


def forget_refusal(tab: Tab) -> None:
    """Leave out that the browser notes a 401 or a 429 by itself."""
    fault = tab.faults.pop()
    assert "/console/sign-in" in fault, fault
    assert tab.faults == []


def create_bucket(page: Page, name: str) -> None:
    page.goto("/console/storage")
    page.get_by_role("button", name="Create a bucket").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create", exact=True).click()


def test_an_operator_reads_and_changes_nothing(tab: Tab, console: Console) -> None:
    _, email = console.create_user(console="read")
    page = tab.page
    page.goto("/console/")
    expect(page).to_have_url(f"{console.url}/console/sign-in")
    page.evaluate(Axe().axe_script)
    assert page.evaluate("axe.run({resultTypes: ['violations']})")["violations"] == []
    fill(page, email)

    expect(page.locator("h1")).to_have_text("Home")
    expect(page.get_by_text(email)).to_be_visible()
    expect(page.get_by_text("read", exact=True)).to_be_visible()
    create_bucket(page, f"b-{uuid4().hex[:8]}")
    expect(page.get_by_text("You may read here, not change anything.")).to_be_visible()
    page.goto("/console/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Console")).to_be_visible()


def test_one_who_may_write_is_found_in_the_audit(tab: Tab, console: Console) -> None:
    _, email = console.create_user(console="write")
    secret = console.add_authenticator(email)
    page, name = tab.page, f"b-{uuid4().hex[:8]}"
    page.goto("/console/sign-in")
    fill(page, email)
    expect(page.get_by_role("alert")).to_have_text("Enter the code of your authenticator as well.")
    forget_refusal(tab)
    expect(page.get_by_label("E-mail address")).to_have_value(email)
    fill(page, email, code="000000")
    expect(page.get_by_role("alert")).to_have_text("The code is wrong, or no longer valid.")
    forget_refusal(tab)
    fill(page, email, code=make_code(secret))

    expect(page.get_by_text("read and change")).to_be_visible()
    create_bucket(page, name)
    expect(page.locator("h1")).to_have_text(name)
    page.get_by_role("button", name="Delete the bucket").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.locator("h1")).to_have_text("Storage")
    page.get_by_role("link", name="Audit").click()
    rows = page.get_by_role("region", name="Audit").get_by_role("row").filter(has_text=email)
    target = page.get_by_role("cell", name="/storage/v1/bucket", exact=True)
    expect(rows.filter(has=target).filter(has_text="post")).to_have_count(1)
    expect(rows.filter(has_text=f"/storage/v1/bucket/{name}")).not_to_have_count(0)
    expect(rows.filter(has_text="sign_in")).to_have_count(1)


def test_all_others_are_refused_and_guesses_end(tab: Tab, console: Console) -> None:
    _, stranger = console.create_user()
    page = tab.page
    page.goto("/console/sign-in")
    fill(page, stranger)
    expect(page.get_by_role("alert")).to_have_text("This user is no operator.")
    forget_refusal(tab)
    for _ in range(MOST_AT_ACCOUNT - 1):
        assert console.sign_in(stranger, "guess").status_code == 401
    fill(page, stranger)

    expect(page.get_by_role("alert")).to_contain_text("too many attempts: try again in")
    forget_refusal(tab)
    page.goto("/console/")
    expect(page).to_have_url(f"{console.url}/console/sign-in")
