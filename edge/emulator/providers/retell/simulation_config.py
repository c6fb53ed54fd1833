"""Configuration of the call simulation: limits, speed, distribution, faults; see `/_control`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.emulator.providers.faults import Endpoint, Fault

DEFAULT_EVENTS = ("call_started", "call_ended", "call_analyzed")


@dataclass(frozen=True, slots=True)
class StandingFault:
    """A fault injected into a share of the cases: the same ones for the same seed."""

    fault: Fault
    rate: float


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """Configuration, immutable; `/_control` replaces it.

    `speed` shortens the real duration of calls but not the duration they report. To run time
    itself faster, set the clock's rate. Retell's defaults are 20 concurrent calls and one start a
    second; telephony by Telnyx allows 16. Webhooks are signed with the workspace's API key unless
    `webhook_key` is set (docs.retellai.com/deploy/concurrency, /deploy/outbound-call).
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
        """Return the agent's webhook URL, else the workspace's."""
        return self.agent_webhook_urls.get(agent_id, self.webhook_url)

    def draw_fault(self, endpoint: Endpoint, subject: str) -> Fault | None:
        """Return the standing fault to inject for this subject, if any."""
        for number, standing in enumerate(self.standing_faults):
            if standing.fault.endpoint is endpoint:
                chance = _fraction(f"{self.seed}:{number}:{endpoint}:{subject}")
                if chance < standing.rate:
                    return standing.fault
        return None


def _fraction(text: str) -> float:
    """Hash the text to a number in [0, 1), evenly spread."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest()) / (1 << 56)
