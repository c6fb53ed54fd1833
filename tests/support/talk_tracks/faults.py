"""Fault injection for talk-track jobs, and the result of a run without faults."""

from typing import Any

import httpx

from tests.conftest import RunningStack
from tests.support.talk_tracks.user import User
from tests.support.waiting import PATIENCE


def run_without_faults(user: User) -> dict[str, Any]:
    """Return the expected talk track, then reset the count of calls."""
    job_id = user.insert_job()
    answer = user.stack.call("generate-talk-track", {"jobId": job_id, "wait": True})
    assert answer.json()["status"] == "completed", answer.text
    httpx.delete(
        f"{user.stack.url}/providers/_faults", headers=user.stack.control_headers, timeout=PATIENCE
    ).raise_for_status()
    return user.talk_track(job_id)


def delay_responses(stack: RunningStack, seconds: float, times: int = 100) -> None:
    """Delay the next responses of the model."""
    if not times:
        return
    stack.fault(provider="openai", endpoint="responses", kind="hang", seconds=seconds, times=times)


def count_calls(stack: RunningStack) -> int:
    answer = httpx.get(
        f"{stack.url}/providers/_faults", headers=stack.control_headers, timeout=PATIENCE
    ).json()
    return answer["requests"]["openai"].get("responses", 0)


def list_chunk_ids(user: User, job_id: str) -> list[str]:
    rows = user.rows("talk_track_chunks", job_id=f"eq.{job_id}", order="chunk_index")
    return [row["id"] for row in rows]
