"""Signed-in users with a deck, for the benchmarks of talk tracks."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import uuid4

import httpx
import psycopg

from edge.tokens import mint
from tests.support.waiting import PATIENCE

JOBS: Final = "/functions/v1/talk-track-jobs"


@dataclass(frozen=True, slots=True)
class User:
    """A user with a project and a deck; `admin_headers` have the service role."""

    url: str
    user_id: str
    headers: Mapping[str, str]
    admin_headers: Mapping[str, str]
    project_id: str
    deck_id: str

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=self.headers, timeout=PATIENCE)

    def create(self, client: httpx.Client) -> str:
        body = {"projectId": self.project_id, "deckStructureId": self.deck_id}
        answer = client.post(JOBS, json=body)
        assert answer.status_code == 202, answer.text
        return answer.json()["jobId"]

    def status(self, client: httpx.Client, job_id: str) -> str:
        return client.get(f"{JOBS}/{job_id}").json()["job"]["status"]

    def remove_jobs(self, client: httpx.Client) -> None:
        path = f"/rest/v1/talk_track_jobs?user_id=eq.{self.user_id}"
        client.delete(path).raise_for_status()

    def insert_jobs(self, count: int) -> None:
        row = {
            "user_id": self.user_id,
            "funnel_project_id": self.project_id,
            "deck_structure_id": self.deck_id,
        }
        with self.client() as client:
            client.post("/rest/v1/talk_track_jobs", json=[row] * count).raise_for_status()

    def any_job(self) -> str:
        """Return the id of a pending job."""
        with self.client() as client:
            listed: list[dict[str, Any]] = client.get(JOBS).json()["jobs"]
        return next(job["id"] for job in listed if job["status"] == "pending")


def create_user(details: Mapping[str, str], deck: Mapping[str, Any]) -> User:
    """Insert a user, a project and the deck into the stack of `details`."""
    user_id = str(uuid4())
    with psycopg.connect(details["DB_URL"]) as connection:
        connection.execute(
            "insert into auth.users (id, email, created_at) values (%s, %s, now())",
            (user_id, f"{user_id}@example.com"),
        )
    token = mint(details["JWT_SECRET"], "authenticated", sub=user_id, aud="authenticated")
    headers = {"apikey": details["ANON_KEY"], "Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=details["API_URL"], headers=headers, timeout=PATIENCE) as client:
        project_id = _insert(client, "funnel_projects", {"name": "Launch"})
        row = {"funnel_project_id": project_id, **deck}
        deck_id = _insert(client, "deck_structures", row)
    key = details["SERVICE_ROLE_KEY"]
    admin = {"apikey": key, "Authorization": f"Bearer {key}"}
    return User(details["API_URL"], user_id, headers, admin, project_id, deck_id)


def delay(details: Mapping[str, str], seconds: float, times: int) -> None:
    """Delay the next `times` responses of the local models by `seconds`."""
    with httpx.Client(headers={"apikey": details["SECRET_KEY"]}, timeout=PATIENCE) as client:
        client.post(_faults(details), json=_hang(seconds, times)).raise_for_status()


def vary_delay(details: Mapping[str, str], times: int) -> None:
    """Delay the next `times` responses by 1.5 to 2.5 seconds, different for each call."""
    random = Random(5)
    with httpx.Client(headers={"apikey": details["SECRET_KEY"]}, timeout=PATIENCE) as client:
        for _ in range(times):
            fault = _hang(random.uniform(1.5, 2.5), 1)
            client.post(_faults(details), json=fault).raise_for_status()


def _faults(details: Mapping[str, str]) -> str:
    return f"{details['API_URL']}/providers/_faults"


def _hang(seconds: float, times: int) -> dict[str, Any]:
    return {
        "provider": "openai",
        "endpoint": "responses",
        "kind": "hang",
        "seconds": seconds,
        "times": times,
    }


def _insert(client: httpx.Client, table: str, row: Mapping[str, Any]) -> str:
    answer = client.post(
        f"/rest/v1/{table}?select=id", json=row, headers={"Prefer": "return=representation"}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()[0]["id"]
