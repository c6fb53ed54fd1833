"""Factory of signed-in users with a deck, as clients of the whole stack."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from tests.conftest import RunningStack
from tests.support.paths import SAMPLES
from tests.support.waiting import PATIENCE

DECK: dict[str, Any] = json.loads((SAMPLES / "deck_55_slides.json").read_text())
JOBS = "/functions/v1/talk-track-jobs"
_PATIENCE = PATIENCE
FINISHED = ("completed", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class User:
    """Uses the gateway only."""

    stack: RunningStack
    user_id: str
    token: str
    project_id: str
    deck_id: str

    def request(self, method: str, path: str = "", **options: Any) -> httpx.Response:
        headers = {"apikey": self.stack.anon_key, "authorization": f"Bearer {self.token}"}
        url = f"{self.stack.url}{JOBS}{path}"
        return httpx.request(method, url, headers=headers, timeout=PATIENCE, **options)

    def rows(self, table: str, **filters: str) -> list[dict[str, Any]]:
        with self.stack.client(self.token) as client:
            answer = client.get(f"/rest/v1/{table}", params=filters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def create(self, deck_id: str | None = None) -> str:
        body = {"projectId": self.project_id, "deckStructureId": deck_id or self.deck_id}
        answer = self.request("POST", json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()["jobId"]

    def insert_job(self, deck_id: str | None = None) -> str:
        """Insert the row of a job without starting it."""
        row = {
            "user_id": self.user_id,
            "funnel_project_id": self.project_id,
            "deck_structure_id": deck_id or self.deck_id,
        }
        return insert(self.stack, self.token, "talk_track_jobs", row)

    def add_deck(self, slides: list[dict[str, Any]]) -> str:
        row = {"funnel_project_id": self.project_id, "slides": slides, "total_slides": len(slides)}
        return insert(self.stack, self.token, "deck_structures", row)

    def job(self, job_id: str) -> dict[str, Any]:
        answer = self.request("GET", f"/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()["job"]

    def wait_until(
        self, job_id: str, is_so: Callable[[dict[str, Any]], bool]
    ) -> list[dict[str, Any]]:
        """Poll until the condition holds; return all states seen."""
        ends_at = time.monotonic() + _PATIENCE
        seen: list[dict[str, Any]] = []
        while True:
            seen.append(self.job(job_id))
            if is_so(seen[-1]):
                return seen
            assert time.monotonic() < ends_at, seen[-1]
            time.sleep(0.05)

    def wait_for_end(self, job_id: str) -> dict[str, Any]:
        return self.wait_until(job_id, lambda job: job["status"] in FINISHED)[-1]

    def talk_track(self, job_id: str) -> dict[str, Any]:
        """Return the columns that are the same in every run."""
        job = self.job(job_id)
        assert job["status"] == "completed", job
        (track,) = self.rows("talk_tracks", id=f"eq.{job['talk_track_id']}")
        return {name: track[name] for name in ("content", "slide_timings", "total_duration")}


def create_user(stack: RunningStack, deck: dict[str, Any] = DECK) -> User:
    user_id, token = stack.create_user()
    project_id = insert(stack, token, "funnel_projects", {"name": "Launch"})
    deck_id = insert(stack, token, "deck_structures", {"funnel_project_id": project_id, **deck})
    return User(stack, user_id, token, project_id, deck_id)


def insert(stack: RunningStack, token: str, table: str, row: dict[str, Any]) -> str:
    with stack.client(token) as client:
        answer = client.post(
            f"/rest/v1/{table}?select=id", json=row, headers={"Prefer": "return=representation"}
        )
    assert answer.status_code == 201, answer.text
    return answer.json()[0]["id"]


def fetch_value(stack: RunningStack, statement: str, *values: Any) -> Any:
    """Return the first column of the first row, as the superuser."""
    with psycopg.connect(stack.dsn) as connection:
        row = connection.execute(statement.encode(), values).fetchone()
    return row[0] if row else None
