"""Clients for tests of emulated Retell: its controls, and a receiver of its webhooks."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response

from tests.support.waiting import PATIENCE, wait_for

API_KEY = "key_of_a_test"
FROM = "+14155550123"
DEADLINE = PATIENCE


@dataclass(slots=True)
class Received:
    """One received webhook."""

    body: bytes
    signature: str

    @property
    def event(self) -> str:
        return self.parsed["event"]

    @property
    def call(self) -> dict[str, Any]:
        return self.parsed["call"]

    @property
    def parsed(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """Receives webhooks; answers with `statuses` in turn, then with 204."""

    url: str
    received: list[Received] = field(default_factory=list[Received])
    statuses: list[int] = field(default_factory=list[int])

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.received.append(Received(body, request.headers["x-retell-signature"]))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 204)

    def of(self, call_id: str) -> list[Received]:
        return [one for one in self.received if one.call["call_id"] == call_id]

    def wait(self, call_id: str, count: int) -> list[Received]:
        """The call's webhooks once there are that many."""
        wait_for(lambda: len(self.of(call_id)) >= count)
        return self.of(call_id)


class ControlClient:
    """Sets the configuration, injects faults and reads the request log."""

    def __init__(self, client: httpx.Client, webhook_url: str) -> None:
        self._client = client
        self._webhook_url = webhook_url

    def reset(self, **conditions: Any) -> None:
        """Reset everything; calls are fast and report to the receiver."""
        self._client.delete("/_faults")
        self._client.delete("/retell/_control")
        fast = {"speed": 1000, "calls_per_second": 1000, "webhook_url": self._webhook_url}
        self.set(**fast | conditions)

    def set(self, **conditions: Any) -> Any:
        answer = self._client.post("/retell/_control", json=conditions)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def inject(self, **fault: Any) -> None:
        answer = self._client.post("/_faults", json={"provider": "retell", **fault})
        assert answer.status_code == 201, answer.text

    def request_log(self) -> Any:
        return self._client.get("/retell/_requests").json()
