"""The page for talk tracks in a real browser.

The deployment guide's success criteria that a person sees are shown true here: leaving and coming
back, progress from 0 to 100 %, the warning banner, the toast, the green check in the sidebar.
Screenshots are left in .pytest_cache/d/console.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import RunningStack
from tests.support.waiting import PATIENCE_MS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking"
    " --disable-component-update --disable-sync --no-first-run"
)
PASSWORD = "correct horse"
BANNER = "⚠️ Generating Talk Track – This may take 2–5 minutes..."
Photograph = Callable[[str], None]


@pytest.fixture(scope="module")
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
def page(browser: Browser, stack: RunningStack) -> Iterator[Page]:
    """The page without a session; the test fails on any script error."""
    expect.set_options(timeout=PATIENCE_MS)
    context = browser.new_context(base_url=stack.url, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto("/console/talk-tracks")
    yield page
    context.close()
    assert broken == []


@pytest.fixture
def photograph(
    page: Page, pytestconfig: pytest.Config, request: pytest.FixtureRequest
) -> Photograph:
    """Save a screenshot."""
    assert pytestconfig.cache is not None
    folder = Path(pytestconfig.cache.mkdir("console"))
    test = request.node.name

    def take(moment: str) -> None:
        page.screenshot(path=folder / f"{test}-{moment}.png")

    return take


def sign_up(page: Page) -> str:
    email = f"{uuid4()}@example.com"
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_text(email)).to_be_visible()
    return email


def open_sample(page: Page) -> None:
    sign_up(page)
    page.get_by_role("button", name="Load the sample deck").click()
    expect(page.get_by_text("55 slides")).to_be_visible()


def generate(page: Page) -> None:
    page.get_by_role("button", name="Generate Talk Track").click()


def slow_down(stack: RunningStack, seconds: float) -> None:
    """Delay each response of the model."""
    stack.fault(provider="openai", kind="hang", seconds=seconds, times=100)


def behave(stack: RunningStack) -> None:
    with stack.client() as client:
        client.delete("/providers/_faults").raise_for_status()


def test_from_signing_up_to_the_downloaded_file(
    stack: RunningStack, page: Page, photograph: Photograph, tmp_path: Path
) -> None:
    photograph("1-sign-in")
    open_sample(page)
    photograph("2-deck")
    generate(page)
    expect(page.locator("#ready")).to_be_visible()

    expect(page.locator("#toasts")).to_contain_text("is ready")
    expect(
        page.get_by_role("navigation").get_by_role("img", name="Talk track ready")
    ).to_be_visible()
    expect(page.locator("#script")).to_contain_text("Slide 55:")
    expect(page.get_by_role("heading", name=re.compile(r"Slide \d+:"))).to_have_count(55)
    photograph("3-ready")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Download Markdown").click()
    saving.value.save_as(tmp_path / "script.md")
    assert saving.value.suggested_filename.endswith(".md")
    with psycopg.connect(stack.dsn) as connection:
        rows = connection.execute("select content from public.talk_tracks").fetchall()
    assert ((tmp_path / "script.md").read_text(),) in rows


def test_the_job_goes_on_while_the_page_is_closed(
    stack: RunningStack, page: Page, photograph: Photograph
) -> None:
    open_sample(page)
    slow_down(stack, 5)
    generate(page)
    banner = page.get_by_text(BANNER, exact=True)
    expect(banner).to_be_visible()
    expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
    expect(page.locator("#progress-text")).to_have_text(
        re.compile(r"^\d+ % . (starting|about .+ left)$")
    )
    photograph("1-working")

    page.goto("about:blank")
    page.goto("/console/talk-tracks")

    expect(banner).to_be_visible()
    expect(page.locator("#ready")).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text("is ready")
    expect(banner).to_be_hidden()


def test_the_bar_shows_what_is_saved_and_never_goes_back(stack: RunningStack, page: Page) -> None:
    open_sample(page)
    page.evaluate(
        """() => {
          window.seen = [];
          const bar = document.getElementById("progress-bar");
          new MutationObserver(() => window.seen.push(bar.value))
            .observe(bar, { attributes: true, attributeFilter: ["value"] });
        }"""
    )
    slow_down(stack, 3)
    generate(page)
    expect(page.locator("#ready")).to_be_visible()

    seen: list[float] = page.evaluate("window.seen")
    assert seen == sorted(seen)
    assert seen[-1] == 100
    assert any(0 < value < 100 for value in seen)


def test_a_cancelled_job_can_be_retried(
    stack: RunningStack, page: Page, photograph: Photograph
) -> None:
    open_sample(page)
    slow_down(stack, 600)
    generate(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(re.compile(r"^Cancelled at \d+ %"))).to_be_visible()
    photograph("1-cancelled")
    behave(stack)

    page.get_by_role("button", name="Retry").click()

    expect(page.locator("#ready")).to_be_visible()


def test_a_failure_is_shown_and_the_job_can_be_retried(
    stack: RunningStack, page: Page, photograph: Photograph
) -> None:
    open_sample(page)
    stack.fault(provider="openai", kind="status", status=401, times=100)
    generate(page)
    expect(page.locator("#failure")).to_have_text(re.compile(r".{20,}"))
    expect(page.locator("#toasts")).to_contain_text("could not be written")
    photograph("1-failed")
    behave(stack)

    page.get_by_role("button", name="Retry").click()

    expect(page.locator("#ready")).to_be_visible()
    expect(page.locator("#failure")).to_be_hidden()


def test_a_deck_of_one_s_own_is_read_or_refused(page: Page, tmp_path: Path) -> None:
    outline, damaged = tmp_path / "harbour.md", tmp_path / "damaged.pptx"
    outline.write_text("# Why boats\n\n- They float\n\n# Prices\n\n- From 10 euros\n")
    damaged.write_bytes(b"no presentation")
    sign_up(page)
    field = page.get_by_label("Add a deck")

    field.set_input_files(damaged)
    expect(page.locator("#trouble")).to_contain_text("Save it anew")
    field.set_input_files(outline)

    expect(page.locator("#deck-title")).to_have_text("harbour")
    expect(page.get_by_text("2 slides")).to_be_visible()
    expect(page.locator("#trouble")).to_be_hidden()


def test_each_user_sees_only_their_decks(page: Page) -> None:
    open_sample(page)
    deck = page.get_by_role("navigation").get_by_role("listitem")
    expect(deck).to_have_count(1)

    page.get_by_role("button", name="Sign out").click()
    sign_up(page)

    expect(page.get_by_text("No deck yet.")).to_be_visible()
    expect(deck).to_have_count(0)


def test_a_wrong_password_is_reported_and_the_right_one_signs_in(page: Page) -> None:
    email = sign_up(page)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill("wrong horse")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Invalid login credentials")

    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")

    expect(page.get_by_role("heading", name="Decks")).to_be_visible()


def test_an_expired_session_is_refreshed(page: Page) -> None:
    email = sign_up(page)
    page.evaluate(
        """() => {
          const session = JSON.parse(localStorage.getItem("edge.session"));
          localStorage.setItem("edge.session", JSON.stringify({ ...session, expires_at: 1 }));
        }"""
    )
    with page.expect_response(re.compile("grant_type=refresh_token")) as renewal:
        page.reload()

    assert renewal.value.status == 200
    expect(page.get_by_text(email)).to_be_visible()
    expect(page.get_by_text("No deck yet.")).to_be_visible()


def test_a_session_ended_elsewhere_asks_to_sign_in_again(stack: RunningStack, page: Page) -> None:
    email = sign_up(page)
    with psycopg.connect(stack.dsn) as connection:
        connection.execute("delete from auth.users where email = %s", (email,))
    page.evaluate(
        """() => {
          const session = JSON.parse(localStorage.getItem("edge.session"));
          localStorage.setItem("edge.session", JSON.stringify({ ...session, expires_at: 1 }));
        }"""
    )

    page.reload()

    expect(page.get_by_role("alert")).to_have_text("Your session has ended. Please sign in again.")
