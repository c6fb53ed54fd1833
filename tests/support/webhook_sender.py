"""Posts webhooks to the running function as the provider does, signed with its own SDK."""

import json
import time
from dataclasses import dataclass
from typing import Any

import httpx
from retell.lib.webhook_auth import symmetric

from tests.conftest import RunningStack
from tests.support.waiting import PATIENCE

KEY = "local"
"""The API key of the emulated account."""
PATH = "/functions/v1/retell-webhook"


@dataclass(frozen=True, slots=True)
class Sender:
    """The provider's side of the webhook."""

    stack: RunningStack

    def send(self, event: str, call: object) -> httpx.Response:
        """{event, call}, rightly signed."""
        return self.deliver(json.dumps({"event": event, "call": call}).encode())

    def deliver(self, body: bytes) -> httpx.Response:
        """These bytes, rightly signed."""
        return self.post(body, sign(body))

    def post(self, body: bytes, signature: str | None) -> httpx.Response:
        """These bytes with this header."""
        headers = {"content-type": "application/json"}
        if signature is not None:
            headers["x-retell-signature"] = signature
        return httpx.post(
            f"{self.stack.url}{PATH}", content=body, headers=headers, timeout=PATIENCE
        )


def sign(body: bytes, key: str = KEY, *, age_ms: int = 0) -> str:
    """The SDK's signature; it knows texts only, so other bytes go to it as ours do, by digest."""
    timestamp = int(time.time() * 1000) - age_ms
    signer: Any = symmetric["sign"]
    return signer(body.decode(), key, timestamp)
