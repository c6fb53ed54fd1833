"""What users, workers and schedules ask of the functions; each flow notes what was acknowledged."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from uuid import uuid4

import httpx

from bench.pipeline import make_conversation
from bench.support.mixed.caller import Caller
from bench.support.mixed.ledger import Ledger
from bench.support.mixed.people import CHARACTERS, People, add_campaign
from tests.support.talk_tracks.users import User

_PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(2048)
_PROMPTS: Final = ("a lighthouse at dawn", "a red bicycle", "two dogs in the snow", "a bridge")
_GONE: Final = (
    "enhance-prompt-old",
    "generate-content",
    "test-edge-functions",
    "validate-enhancement-fix",
)
_SCHEDULES: Final[tuple[tuple[str, dict[str, str], float], ...]] = (
    ("campaign-trigger", {"action": "schedule_check"}, 2.0),
    ("generate-talk-track", {"action": "reap"}, 2.0),
    ("media-queue", {"action": "reap"}, 3.0),
    ("replicate-image", {"action": "poll"}, 10.0),
    ("health-check-workers", {}, 10.0),
    ("workspace-actions", {"action": "reap_expired"}, 15.0),
)
_WORDS: Final = 150
Flow = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Flows:
    """The traffic's flows; `worker_url` is a worker that answers."""

    caller: Caller
    ledger: Ledger
    people: People
    worker_url: str
    dice: Random = field(default_factory=lambda: Random(11))
    texts: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.texts = [make_conversation(_WORDS, seed) for seed in range(20)]

    def weighted(self) -> tuple[list[Flow], list[int]]:
        """Return all flows, and how often each comes."""
        flows: dict[Flow, int] = {
            self.understand_conversation: 5,
            self.search: 4,
            self.draw: 12,
            self.draw_elsewhere: 3,
            self.improve_prompt: 6,
            self.chat: 5,
            self.write_talk_track: 4,
            self.dial_list: 2,
            self.keep_drawing: 5,
            self.administrate: 2,
            self.portray: 1,
            self.ask_for_gone: 1,
        }
        return list(flows), list(flows.values())

    def user(self) -> User:
        return self.dice.choice(self.people.users)

    async def understand_conversation(self) -> None:
        """Send a transcript through four functions."""
        user = self.user()
        body = {
            "collection_id": "bench",
            "video_id": str(uuid4()),
            "transcript": self.dice.choice(self.texts),
        }
        stored = await self.caller.call("process-transcript", body, user.headers)
        if not stored:
            return
        result = stored.json()["data"]["result"]
        self.ledger.add("transcripts", result["transcript_id"])
        video = {"video_id": result["video_uuid"]}
        if answer := await self.caller.call("structured-data", video, user.headers):
            result = answer.json()["data"]["result"]
            self.ledger.add("outputs", result["id"], result["analysis_id"])
            if answer := await self.caller.call("voice-prompt", video, user.headers):
                self.ledger.add("outputs", answer.json()["data"]["result"]["id"])
        if self.dice.random() < 0.3 and (
            answer := await self.caller.call("training-data", video, user.headers)
        ):
            self.ledger.add("outputs", answer.json()["data"]["result"]["id"])

    async def search(self) -> None:
        await self.caller.call(
            "search-transcripts", {"query": "what does the delay cost?"}, self.user().headers
        )

    async def draw(self) -> None:
        """Queue a picture; a repeated request must not queue it twice."""
        user, key = self.user(), str(uuid4())
        body = {"job_type": "sdxl_image_fast", "prompt": self.dice.choice(_PROMPTS)}
        headers = {**user.headers, "idempotency-key": key}
        if answer := await self.caller.call("queue-job", body, headers):
            job_id = answer.json()["jobId"]
            self.ledger.add("media jobs", job_id)
            self.ledger.keys[key] = job_id

    async def draw_elsewhere(self) -> None:
        body = {
            "prompt": self.dice.choice(_PROMPTS),
            "apiModelId": self.people.model_id,
            "jobType": "sdxl_image_fast",
        }
        answer = await self.caller.call("replicate-image", body, self.user().headers, attempts=1)
        if answer:
            self.ledger.add("media jobs", answer.json()["jobId"])

    async def improve_prompt(self) -> None:
        user = self.user()
        body = {"prompt": self.dice.choice(_PROMPTS), "jobType": "sdxl_image_fast"}
        await self.caller.call("enhance-prompt", body, user.headers)
        await self.caller.call("get-negative-prompt", {"model_type": "sdxl"}, user.headers)

    async def chat(self) -> None:
        index = self.dice.randrange(len(self.people.users))
        user, conversation = self.people.users[index], self.people.conversations[index]
        body = {"conversation_id": conversation, "message": "What shall I draw today?"}
        if answer := await self.caller.call("playground-chat", body, user.headers, attempts=2):
            found = answer.json()
            self.ledger.add("messages", *(found[k] for k in found if k.endswith("message_id")))

    async def write_talk_track(self) -> None:
        user = self.user()
        body = {"projectId": user.project_id, "deckStructureId": user.deck_id}
        expected = frozenset((202,))
        answer = await self.caller.call("talk-track-jobs", body, user.headers, expected=expected)
        if not answer:
            return
        job_id = answer.json()["jobId"]
        self.ledger.add("talk tracks", job_id)
        await asyncio.sleep(1)
        await self.caller.call(
            "talk-track-jobs", None, user.headers, method="GET", path=f"/{job_id}"
        )

    async def dial_list(self) -> None:
        """Import a list of contacts and start the campaign."""
        site = self.caller.site
        try:
            campaign = await asyncio.to_thread(
                add_campaign, site, self.people, f"Campaign {uuid4()}"
            )
        except OSError:
            return
        phones = [f"+1212{self.dice.randrange(2_000_000, 9_999_999)}" for _ in range(10)]
        lines = "\n".join(["name,phone", *(f"Person,{phone}" for phone in set(phones))])
        answer = await self.caller.call(
            "import-contacts",
            path=f"?campaign_id={campaign}",
            content=lines.encode(),
            headers={"content-type": "text/csv"},
        )
        if not answer:
            return
        imported = answer.json()
        # A repeated request finds the contacts of the first one, whose answer was lost.
        self.ledger.imports[campaign] = imported["imported"] + imported["duplicate_count"]
        start = {"action": "start_campaign", "campaign_id": campaign}
        if await self.caller.call("campaign-trigger", start, expected=frozenset((200, 409))):
            self.ledger.campaigns.add(campaign)
        await self.caller.call(
            "campaign-trigger", {"action": "get_status", "campaign_id": campaign}
        )

    async def keep_drawing(self) -> None:
        """Save a finished picture to the library, or throw it away."""
        user = self.user()
        async with httpx.AsyncClient(headers=user.headers, timeout=30) as client:
            try:
                found = await client.get(
                    f"{self.caller.site.details['API_URL']}/rest/v1/workspace_assets"
                    "?select=id&order=created_at&limit=5"
                )
                assets = found.raise_for_status().json()
            except httpx.HTTPError:
                return
        if not assets:
            return
        asset_id = self.dice.choice(assets)["id"]
        gone = frozenset((200, 404, 409))  # somebody else may have been quicker
        if self.dice.random() < 0.3:
            body: dict[str, Any] = {"item_id": asset_id}
            await self.caller.call("delete-workspace-item", body, user.headers, expected=gone)
            return
        body = {"action": "save_to_library", "assetId": asset_id}
        answer = await self.caller.call("workspace-actions", body, user.headers, expected=gone)
        if answer and answer.status_code == 200:
            self.ledger.add("library", answer.json().get("libraryAssetId"))

    async def administrate(self) -> None:
        admin = self.people.admin
        await self.caller.call("system-metrics", {}, admin)
        await self.caller.call("get-schema-info", {}, admin)
        await self.caller.call("refresh-prompt-cache", {}, admin)
        body = {"worker_url": f"{self.worker_url}/{self.dice.randrange(3)}"}
        if await self.caller.call("register-chat-worker", body, admin):
            self.ledger.workers.add(body["worker_url"])
        body = {"worker_url": f"{self.worker_url}/wan", "worker_type": "wan"}
        if await self.caller.call("update-worker-url", body, admin):
            self.ledger.workers.add(body["worker_url"])
        await self.caller.call("get-active-worker-url", {"worker_type": "wan"}, admin)

    async def portray(self) -> None:
        admin = self.people.admin
        await self.caller.call(
            "generate-admin-image", {"prompt": "a lighthouse"}, admin, attempts=2
        )
        body = {"names": [self.dice.choice(CHARACTERS)]}
        await self.caller.call("generate-avatars", body, admin, attempts=2)

    async def ask_for_gone(self) -> None:
        await self.caller.call(self.dice.choice(_GONE), {}, expected=frozenset((410,)))

    async def work(self) -> None:
        """Take jobs, draw at once, upload and report, for ever."""
        while True:
            answer = await self.caller.call("media-queue", path="/rpop/sdxl_queue", method="GET")
            taken = answer.json()["result"] if answer else None
            if not taken:
                await asyncio.sleep(0.5)
                continue
            await self._finish(json.loads(taken))

    async def _finish(self, job: Mapping[str, Any]) -> None:
        path = f"{job['user_id']}/{job['job_id']}/0.png"
        site = self.caller.site
        headers = {**site.service_headers, "content-type": "image/png", "x-upsert": "true"}
        url = f"{site.details['API_URL']}/storage/v1/object/workspace-temp/{path}"
        try:
            (await self.caller.http.post(url, content=_PNG, headers=headers)).raise_for_status()
        except httpx.HTTPError:
            return  # its lease runs out, and another takes the job
        body = {
            "job_id": job["job_id"],
            "status": "completed",
            "assets": [{"type": "image", "url": path}],
        }
        answer = await self.caller.call("job-callback", body)
        if answer and answer.json()["status"] == "completed":
            self.ledger.callbacks.add(job["job_id"])

    async def keep_schedule(self, slug: str, body: Mapping[str, Any], seconds: float) -> None:
        while True:
            await self.caller.call(slug, body, attempts=1)
            await asyncio.sleep(seconds)

    def background(self) -> list[Awaitable[None]]:
        """Return two workers and the platform's schedules."""
        schedules = [self.keep_schedule(*each) for each in _SCHEDULES]
        return [self.work(), self.work(), *schedules]
