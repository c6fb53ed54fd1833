"""What an undisturbed run gives, and what a disturbed one took."""

from typing import Any

import httpx

from tests.conftest import RunningStack
from tests.functions.talk_track_proofs.person import Person


def undisturbed(person: Person) -> dict[str, Any]:
    """The talk track as it should be; the calls made for it are forgotten."""
    job_id = person.insert_job()
    answer = person.stack.call("generate-talk-track", {"jobId": job_id, "wait": True})
    assert answer.json()["status"] == "completed", answer.text
    httpx.delete(f"{person.stack.url}/providers/_faults", timeout=30).raise_for_status()
    return person.talk_track(job_id)


def slow_down(stack: RunningStack, seconds: float, times: int = 100) -> None:
    """Let the next answers take that long."""
    if not times:
        return
    stack.fault(provider="openai", endpoint="responses", kind="hang", seconds=seconds, times=times)


def calls_made(stack: RunningStack) -> int:
    answer = httpx.get(f"{stack.url}/providers/_faults", timeout=30).json()
    return answer["requests"]["openai"].get("responses", 0)


def chunk_ids(person: Person, job_id: str) -> list[str]:
    rows = person.rows("talk_track_chunks", job_id=f"eq.{job_id}", order="chunk_index")
    return [row["id"] for row in rows]
