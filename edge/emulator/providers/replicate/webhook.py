"""Webhook delivery as Replicate does it: signed by the scheme of Standard Webhooks, with retries.

See https://replicate.com/docs/topics/webhooks/verify-webhook. A delivery that is repeated keeps its
webhook-id. Only the last event of a prediction is tried again.
"""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import httpx

from edge.emulator.providers.faults import Endpoint, Fault, FaultKind, FaultQueue, Provider
from edge.emulator.providers.response import letter_id

_PAUSES: Final = (0.5, 1.0, 2.0, 4.0)
_SECONDS: Final = 30.0
_MOST_UNDER_WAY: Final = 500


@dataclass(slots=True)
class WebhookSender:
    """Posts predictions to their webhooks; `close` cancels deliveries under way."""

    faults: FaultQueue
    secret: str
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def send(self, url: str, prediction: Mapping[str, Any], *, is_last: bool) -> None:
        """Start a delivery."""
        fault = self.faults.take(Provider.REPLICATE, Endpoint.WEBHOOK)
        kind = fault.kind if fault else None
        if kind is FaultKind.LOST or len(self._tasks) >= _MOST_UNDER_WAY:
            return
        body = json.dumps(prediction, ensure_ascii=False).encode("utf-8", "replace")
        webhook_id = letter_id("msg_", 27)
        for _ in range(2 if kind is FaultKind.DUPLICATED else 1):
            task = asyncio.create_task(self._deliver(url, webhook_id, body, fault, is_last=is_last))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cancel deliveries."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(
        self, url: str, webhook_id: str, body: bytes, fault: Fault | None, *, is_last: bool
    ) -> None:
        if fault and fault.kind is FaultKind.DELAYED:
            await asyncio.sleep(fault.seconds)
        is_wrong = fault is not None and fault.kind is FaultKind.WRONG_SIGNATURE
        for pause in (*_PAUSES[: len(_PAUSES) if is_last else 0], None):
            status = await self._post(url, webhook_id, body, is_wrong=is_wrong)
            if pause is None or (status is not None and status < 500 and status != 429):
                return
            await asyncio.sleep(pause)

    async def _post(self, url: str, webhook_id: str, body: bytes, *, is_wrong: bool) -> int | None:
        moment = str(int(time.time()))
        secret = "whsec_" + base64.b64encode(b"another").decode() if is_wrong else self.secret
        headers = {
            "content-type": "application/json",
            "webhook-id": webhook_id,
            "webhook-timestamp": moment,
            "webhook-signature": sign(body, webhook_id, moment, secret),
        }
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=_SECONDS) as client:
                answer = await client.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
        return answer.status_code


def sign(body: bytes, webhook_id: str, timestamp: str, secret: str) -> str:
    """Return `webhook-signature`: HMAC-SHA256 of id, timestamp and body with the decoded secret."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()}"
