"""Webhook delivery: sign, post, retry, inject faults.

Up to three retries follow a timeout or a response other than 2xx. Events of a call are sent in
order, without waiting for the one before (docs.retellai.com/features/webhook-overview). Signatures
follow docs.retellai.com/features/secure-webhook.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from edge.emulator.providers.faults import Endpoint, Fault, FaultKind, FaultQueue, Provider
from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.event_queue import EventQueue
from edge.emulator.providers.retell.request_log import DeliveryRecord, RequestLog
from edge.emulator.providers.retell.simulation_config import SimulationConfig

_TRIES: Final = 4
_SPACING_MS: Final = (1_000, 2_000, 4_000)  # not documented; Retell's are of this order
_CONNECTIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event to deliver: body, URL, signing key and the fault to inject, if any."""

    url: str
    api_key: str
    call_id: str
    event: str
    body: bytes
    timeout_seconds: float
    fault: Fault | None = None


@dataclass(slots=True)
class WebhookSender:
    """Posts events as webhooks; `close` cancels deliveries under way."""

    event_queue: EventQueue
    faults: FaultQueue
    request_log: RequestLog
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    _client: httpx.AsyncClient | None = None

    def send(
        self, body: Mapping[str, Any], call: Call, api_key: str, config: SimulationConfig
    ) -> None:
        """Start delivering one of the call's events, if a webhook URL is configured."""
        url = config.webhook_url_for(call.request.agent_id)
        if url is None:
            return
        event: str = body["event"]
        text = json.dumps(body, ensure_ascii=False)
        fault = self.faults.take(Provider.RETELL, Endpoint.WEBHOOK)
        fault = fault or config.draw_fault(Endpoint.WEBHOOK, f"{call.label}:{event}")
        delivery = Delivery(
            url=url,
            api_key=config.webhook_key or api_key,
            call_id=call.call_id,
            event=event,
            body=text.encode(errors="surrogatepass"),
            timeout_seconds=config.webhook_timeout_seconds,
            fault=fault,
        )
        self._dispatch(delivery)

    async def close(self) -> None:
        """Cancel deliveries and close connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client:
            await self._client.aclose()
            self._client = None

    def _dispatch(self, delivery: Delivery) -> None:
        kind = delivery.fault.kind if delivery.fault else None
        if kind is FaultKind.LOST:
            self._record(delivery, 1, None)
        elif kind is FaultKind.DELAYED and delivery.fault:
            self._try_after(round(delivery.fault.seconds * 1000), delivery, 1)
        else:
            self._try(delivery, 1)
            if kind is FaultKind.DUPLICATED:
                self._try(delivery, 1)

    def _try_after(self, delay_ms: int, delivery: Delivery, attempt: int) -> None:
        self.request_log.under_way += 1

        def begin() -> None:
            self.request_log.under_way -= 1
            self._try(delivery, attempt)

        self.event_queue.add(self.event_queue.clock.now_ms() + delay_ms, begin)

    def _try(self, delivery: Delivery, attempt: int) -> None:
        self.request_log.under_way += 1
        task = asyncio.get_running_loop().create_task(self._post(delivery, attempt))
        self._tasks.add(task)
        task.add_done_callback(self._end_try)

    def _end_try(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.request_log.under_way -= 1

    async def _post(self, delivery: Delivery, attempt: int) -> None:
        status = await self._send_signed(delivery)
        self._record(delivery, attempt, status)
        if attempt < _TRIES and (status is None or not 200 <= status < 300):
            self._try_after(_SPACING_MS[attempt - 1], delivery, attempt + 1)

    async def _send_signed(self, delivery: Delivery) -> int | None:
        is_wrong = delivery.fault and delivery.fault.kind is FaultKind.WRONG_SIGNATURE
        key = "not-" * bool(is_wrong) + delivery.api_key
        headers = {
            "content-type": "application/json",
            "x-retell-signature": sign(delivery.body, key, int(time.time() * 1000)),
        }
        try:
            async with asyncio.timeout(delivery.timeout_seconds):
                answer = await self._open_client().post(
                    delivery.url, content=delivery.body, headers=headers
                )
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
            return None
        return answer.status_code

    def _open_client(self) -> httpx.AsyncClient:
        if self._client is None:
            limits = httpx.Limits(max_connections=_CONNECTIONS)
            self._client = httpx.AsyncClient(
                limits=limits,
                timeout=None,  # noqa: S113 - asyncio.timeout bounds each post as a whole
                trust_env=False,
            )
        return self._client

    def _record(self, delivery: Delivery, attempt: int, status: int | None) -> None:
        kind = delivery.fault.kind.value if delivery.fault else None
        now_ms = self.event_queue.clock.now_ms()
        self.request_log.deliveries.append(
            DeliveryRecord(now_ms, delivery.call_id, delivery.event, attempt, status, kind)
        )


def sign(body: bytes, api_key: str, now_ms: int) -> str:
    """Return the `x-retell-signature`: HMAC-SHA256 of body and time, keyed by the API key.

    `now_ms` is real time in epoch milliseconds, not the simulated clock's.
    """
    digest = hmac.new(api_key.encode(), body + str(now_ms).encode(), hashlib.sha256)
    return f"v={now_ms},d={digest.hexdigest()}"
