"""Channels of supabase-js through `edge serve … --front`: broadcast, presence and changes."""

import pytest

from tests.conftest import RunningStack
from tests.e2e.conftest import Play
from tests.support.media.user import empty_queues

pytestmark = pytest.mark.e2e


def test_channels_pass_through_the_front(play: Play, stack: RunningStack) -> None:
    _, token = stack.create_user()
    _, other = stack.create_user()

    results = play("realtime_scenarios.mjs", USER_TOKEN=token, OTHER_TOKEN=other)

    empty_queues(stack)
    assert results["acknowledged"] == "ok"
    assert results["posted"] == {"success": True}
    assert results["presence"] is True
    assert results["said"] == {"x": 1, "text": "ä" * 5000}
    assert results["heard"] == {"by": "http"}
    assert results["changed"] == results["queued"]
