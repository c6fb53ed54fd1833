"""Under which conditions calls live: limits, pace, chances, faults; `/_control` changes them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.emulator.providers.faults import Endpoint, Fault

DEFAULT_EVENTS = ("call_started", "call_ended", "call_analyzed")


@dataclass(frozen=True, slots=True)
class StandingFault:
    """A misbehaviour that befalls a share of the cases, always the same ones for the same seed."""

    fault: Fault
    rate: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """`speed` shortens what a call takes without touching the times it reports: they stay those of
    a call that lasts. To let time itself run faster, set the clock's rate.

    Retell's own defaults are 20 calls at once and one start a second; telephony by Telnyx allows
    16. Webhooks are signed with the workspace's API key unless `webhook_key` is another one of its
    keys (docs.retellai.com/deploy/concurrency, /deploy/outbound-call).
    """

    seed: int = 0
    speed: float = 1.0
    webhook_url: str | None = None
    webhook_key: str | None = None
    agent_webhook_urls: Mapping[str, str] = field(default_factory=dict[str, str])
    webhook_events: tuple[str, ...] = DEFAULT_EVENTS
    webhook_timeout_seconds: float = 10.0
    concurrency_limit: int = 20
    reserved_inbound_concurrency: int = 0
    calls_per_second: float = 16.0
    weights: Mapping[str, float] | None = None
    leak_seconds: float = 3600.0
    retained_calls: int = 100_000
    standing_faults: tuple[StandingFault, ...] = ()

    @property
    def outbound_limit(self) -> int:
        return max(0, self.concurrency_limit - self.reserved_inbound_concurrency)

    def webhook_url_for(self, agent_id: str) -> str | None:
        """An agent's own address replaces the workspace's."""
        return self.agent_webhook_urls.get(agent_id, self.webhook_url)

    def draw_fault(self, endpoint: Endpoint, subject: str) -> Fault | None:
        """The standing fault that befalls this subject, if one does."""
        for number, standing in enumerate(self.standing_faults):
            if standing.fault.endpoint is endpoint:
                chance = _fraction(f"{self.seed}:{number}:{endpoint}:{subject}")
                if chance < standing.rate:
                    return standing.fault
        return None


def _fraction(text: str) -> float:
    """An even spread over [0, 1)."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest()) / (1 << 56)
