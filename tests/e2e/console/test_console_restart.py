"""What was recorded outlives the stack: its history is in the console of the next start."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.recorded_stack import create_recorded_project, running_stack
from tests.support.waiting import PATIENCE_MS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_history_is_there_after_a_restart(chromium: Browser, tmp_path: Path) -> None:
    project = create_recorded_project(tmp_path)
    with running_stack(project) as first:
        failed = first.call("picky", json={"value": -9}).headers["sb-request-id"]
        first.show(failed)
        once = first.call("again", json={"value": "stop"}).headers["sb-request-id"]
        first.show(once)
        wanted = {"action": "replay", "filter": {"function": "again"}}
        bulk = first.api.post("/bulk", json=wanted).json()
        assert (bulk["state"], bulk["total"]) == ("running", 1)
        old_link = first.stack.settings.console_url or ""

    context = first.stack.console._context  # pyright: ignore[reportPrivateUsage]
    assert context is not None
    assert [each.state for each in context.bulks.values()] == ["aborted"]

    with running_stack(project) as second:
        settings = second.stack.settings
        page = chromium.new_context(base_url=settings.api_url).new_page()
        page.set_default_timeout(PATIENCE_MS)
        stale = page.goto(f"/console/?{old_link.partition('?')[2]}")
        assert stale is not None
        assert stale.status == 401
        page.goto(settings.console_url or "")
        page.wait_for_url("**/console/")
        page.goto(f"/console/requests/{failed}")
        expect(page.locator("h1")).to_contain_text("picky")
        expect(page.get_by_text("-9 is negative").first).to_be_visible()
        page.context.close()
