"""One media job from the prompt to the library, followed by supabase-js over Realtime."""

import pytest

from tests.conftest import RunningStack
from tests.e2e.conftest import Play
from tests.support.media.user import empty_queues

pytestmark = pytest.mark.e2e


def test_a_prompt_becomes_a_picture_in_the_library(play: Play, stack: RunningStack) -> None:
    empty_queues(stack)
    user_id, token = stack.create_user()
    _, other = stack.create_user()

    results = play(
        "media_scenarios.mjs",
        USER_ID=user_id,
        USER_TOKEN=token,
        OTHER_TOKEN=other,
        SERVICE_KEY=stack.service_role_key,
    )

    job_id = results["queued"]["jobId"]
    assert results["queued"]["status"] == "queued"
    assert results["message"]["id"] == job_id
    assert "lighthouse" in results["message"]["prompt"]
    assert results["callback"]["status"] == "completed"
    assert results["states"][-1] == "completed"
    assert "processing" in results["states"]
    assert results["announced"] == {"job": job_id, "path": f"{user_id}/{job_id}/0.png"}
    assert results["saved"]["success"] is True
    assert results["bytes"] is True
    assert (results["overheard"], results["hidden"]) == (0, [])
