"""The project by HTTP: the queue's Upstash-compatible face, Storage, job-callback, registration."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from workers.errors import BadTaskError, NetworkError, ProviderError
from workers.fetch import FetchError, FetchPolicy, FetchTimeoutError, fetch
from workers.message import Message
from workers.settings import Settings
from workers.task import File

_REFERENCE_BYTES: Final = 50 * 1024 * 1024
_REFERENCE_SECONDS: Final = 60.0
_TRIES: Final = 6
_EXTENSIONS: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
    "video/webm": "webm",
}
_BUCKET: Final = "workspace-temp"
_POLL: Final = {"x-client-info": "edge-poll"}
"""The local console leaves such requests out of its list unless asked for."""


@dataclass(slots=True)
class Project:
    """A client of the project that this worker draws for."""

    settings: Settings
    _client: httpx.AsyncClient = field(init=False)
    pause: float = 0.5

    def __post_init__(self) -> None:
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(60.0, connect=10.0))

    async def close(self) -> None:
        await self._client.aclose()

    async def take(self, queue: str) -> str | None:
        """Take the message whose turn it is, None if there is none. Raises NetworkError.

        In the project's own queue it looks for a queued job first, which costs and logs nothing.
        """
        if self.settings.looks_first and not await self._has_queued(queue):
            return None
        try:
            response = await self._client.get(
                f"{self.settings.queue_url}/rpop/{queue}",
                headers={
                    "authorization": f"Bearer {self.settings.queue_token}",
                    "x-worker-id": self.settings.worker_id,
                },
                timeout=10.0,
            )
        except httpx.HTTPError as exc:
            raise NetworkError(f"The queue cannot be reached: {type(exc).__name__}.") from exc
        if not response.is_success:
            raise NetworkError(f"The queue answers {response.status_code}: {response.text[:200]}")
        try:
            found: Any = response.json()["result"]
        except (ValueError, KeyError, TypeError) as exc:
            raise NetworkError("The queue's answer is not {result: …}.") from exc
        return found if isinstance(found, str) else None

    async def _has_queued(self, queue: str) -> bool:
        key = self.settings.key
        try:
            response = await self._client.get(
                f"{self.settings.project_url}/rest/v1/jobs",
                params={
                    "select": "id",
                    "status": "eq.queued",
                    "queue_name": f"eq.{queue}",
                    "limit": 1,
                },
                headers={"authorization": f"Bearer {key}", "apikey": key, **_POLL},
                timeout=10.0,
            )
        except httpx.HTTPError as exc:
            raise NetworkError(f"The project cannot be reached: {type(exc).__name__}.") from exc
        if not response.is_success:
            raise NetworkError(
                f"The data API answers {response.status_code}: {response.text[:200]}"
            )
        return response.content.strip() != b"[]"

    async def download(self, url: str) -> bytes:
        """Fetch a reference image. Raises BadTaskError, NetworkError."""
        policy = FetchPolicy(
            allows_private=self.settings.allows_private,
            allows_shared=self.settings.allows_private,
            trusted=(self.settings.project_url,),
            max_bytes=_REFERENCE_BYTES,
            seconds=_REFERENCE_SECONDS,
        )
        try:
            answer = await fetch(url, policy)
        except FetchTimeoutError as exc:
            raise NetworkError(f"The reference image: {exc}") from exc
        except FetchError as exc:
            raise BadTaskError(f"The reference image: {exc}") from exc
        if answer.status >= 500:
            raise NetworkError(f"The reference image's server answers {answer.status}.")
        if not answer.is_success:
            raise BadTaskError(f"The reference image's server answers {answer.status}.")
        return answer.content

    async def upload(self, message: Message, index: int, file: File) -> dict[str, Any]:
        """Store a file and its thumbnail; returns the asset for the callback."""
        folder = f"{message.user_id}/{message.job_id}"
        path = f"{folder}/{index}.{_EXTENSIONS.get(file.media_type, 'bin')}"
        await self._put(path, file.content, file.media_type)
        thumbnail = None
        if file.thumbnail:
            thumbnail = f"{folder}/{index}.thumb.webp"
            await self._put(thumbnail, file.thumbnail, "image/webp")
        return {"url": path, "thumbnail_url": thumbnail}

    async def report(self, body: Mapping[str, Any], tries: int = _TRIES) -> str | None:
        """Post to job-callback; returns the job's status, None if the report was refused.

        Raises NetworkError when all tries failed.
        """
        url = f"{self.settings.project_url}/functions/v1/job-callback"
        response = await self._send("POST", url, tries, json=dict(body))
        if not response.is_success:
            return None
        try:
            answer: Any = response.json()
        except ValueError:
            return None
        status = answer.get("status") if isinstance(answer, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return status if isinstance(status, str) else None

    async def register(self, worker: Mapping[str, Any]) -> None:
        """Enter this worker into the registry, or renew its entry. Raises WorkError.

        A worker with a key of its own is not in the registry: it comes for its jobs.
        """
        if self.settings.has_own_key:
            return
        url = f"{self.settings.project_url}/rest/v1/rpc/register_media_worker_v1"
        response = await self._send("POST", url, 3, json={"worker": dict(worker)}, headers=_POLL)
        if not response.is_success:
            raise ProviderError(
                f"The registry answers {response.status_code}: {response.text[:200]}"
            )

    async def unregister(self, worker_type: str, base_url: str) -> None:
        """Remove this worker's entry; a failure is left to the health check."""
        if self.settings.has_own_key:
            return
        url = f"{self.settings.project_url}/rest/v1/rpc/unregister_media_worker_v1"
        body = {"worker_type": worker_type, "base_url": base_url}
        try:
            await self._send("POST", url, 1, json=body)
        except NetworkError:
            return

    async def _put(self, path: str, content: bytes, media_type: str) -> None:
        url = f"{self.settings.project_url}/storage/v1/object/{_BUCKET}/{path}"
        method = "POST"
        if self.settings.has_own_key:
            method, url = "PUT", await self._sign_upload(path)
        headers = {"content-type": media_type, "x-upsert": "true"}
        response = await self._send(method, url, _TRIES, content=content, headers=headers)
        if not response.is_success:
            raise ProviderError(f"Storage answers {response.status_code}: {response.text[:200]}")

    async def _sign_upload(self, path: str) -> str:
        """Ask the queue for a URL to store a file of a job, from USER/JOB/NAME.

        It is one of the project as this machine reaches it, whatever the function calls it.
        """
        url = f"{self.settings.queue_url}/uploads/{path.partition('/')[2]}"
        response = await self._send("POST", url, _TRIES)
        if not response.is_success:
            raise ProviderError(f"The queue answers {response.status_code}: {response.text[:200]}")
        route = response.json()["result"]["url"].partition("/storage/v1/")[2]
        return f"{self.settings.project_url}/storage/v1/{route}"

    async def _send(self, method: str, url: str, tries: int, **arguments: Any) -> httpx.Response:
        """Send a request until it is answered below 500 other than 429. Raises NetworkError."""
        headers = {"authorization": f"Bearer {self.settings.key}", **arguments.pop("headers", {})}
        if "/rest/v1/" in url:
            headers["apikey"] = self.settings.key
        problem = ""
        for number in range(tries):
            if number:
                await asyncio.sleep(self.pause * 2 ** (number - 1) * (0.5 + random.random()))  # noqa: S311
            try:
                response = await self._client.request(method, url, headers=headers, **arguments)
            except httpx.HTTPError as exc:
                problem = type(exc).__name__
                continue
            if response.status_code < 500 and response.status_code != 429:
                return response
            problem = f"{response.status_code} {response.text[:200]}"
        raise NetworkError(f"{method} {url} failed {tries} times, at last with {problem}.")
