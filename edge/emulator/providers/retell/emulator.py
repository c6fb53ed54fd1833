"""State of the emulated Retell: clock, configuration, workspaces, event queue, request log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.emulator.clock import Clock
from edge.emulator.providers.faults import Endpoint, Fault, FaultKind, FaultQueue
from edge.emulator.providers.response import hex_id
from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.call_request import CallRequest
from edge.emulator.providers.retell.call_simulation import CallSimulation
from edge.emulator.providers.retell.errors import RetellError, injected_error
from edge.emulator.providers.retell.event_queue import EventQueue
from edge.emulator.providers.retell.outcome import decide_outcome
from edge.emulator.providers.retell.request_log import CreateRecord, RequestLog
from edge.emulator.providers.retell.simulation_config import SimulationConfig
from edge.emulator.providers.retell.webhook import WebhookSender
from edge.emulator.providers.retell.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    fault: Fault | None = None
    call_id: str | None = None
    is_replay: bool = False


@dataclass(slots=True)
class RetellEmulator:
    """One emulated Retell; `reset` returns to the `initial` configuration."""

    faults: FaultQueue
    initial: SimulationConfig = field(default_factory=SimulationConfig)
    clock: Clock = field(default_factory=Clock)
    request_log: RequestLog = field(default_factory=RequestLog)
    config: SimulationConfig = field(init=False)
    event_queue: EventQueue = field(init=False)
    sender: WebhookSender = field(init=False)
    simulation: CallSimulation = field(init=False)
    _workspaces: dict[str, Workspace] = field(default_factory=dict[str, Workspace])
    _reads: int = 0

    def __post_init__(self) -> None:
        self.config = self.initial
        self.event_queue = EventQueue(self.clock)
        self.sender = WebhookSender(self.event_queue, self.faults, self.request_log)
        self.simulation = CallSimulation(
            self.event_queue, self.sender, self.faults, self.request_log, self._current_config
        )

    def workspace(self, api_key: str) -> Workspace:
        """Return the workspace of an API key, creating it on first use."""
        if api_key not in self._workspaces:
            self._workspaces[api_key] = Workspace(api_key)
        return self._workspaces[api_key]

    def create_call(
        self, workspace: Workspace, request: CallRequest, injected: Fault | None = None
    ) -> tuple[Call, Fault | None]:
        """Create a call, or return the existing one for a repeated idempotency key.

        Also returns the fault to inject into the response, if any. Raises RetellError if the
        request is rejected; the request is logged in either case.
        """
        now_ms = self.clock.now_ms()
        nth = workspace.count_dial(request.to_number)
        fault = injected or self.config.draw_fault(
            Endpoint.CREATE_CALL, f"{request.to_number}:{nth}"
        )
        repeated = workspace.find_by_key(request.idempotency_key, now_ms)
        try:
            if fault and fault.kind is FaultKind.STATUS:
                raise injected_error(fault)
            call = repeated or self._begin(workspace, request, nth, now_ms)
        except RetellError as exc:
            self._log(workspace, request, _Response(exc.status, fault))
            raise
        self._log(workspace, request, _Response(201, fault, call.call_id, repeated is not None))
        return call, fault

    def raise_read_fault(self) -> None:
        """Raise the configured fault for this read request, if any."""
        self._reads += 1
        fault = self.config.draw_fault(Endpoint.READ_CALL, str(self._reads))
        if fault:
            raise injected_error(fault)

    def create_batch_call(self, workspace: Workspace, request: CallRequest, batch_id: str) -> None:
        """Create one call of a batch, waiting for a free slot instead of raising 429."""
        now_ms = self.clock.now_ms()
        if len(workspace.slots) >= self.config.outbound_limit:
            self.event_queue.add(
                now_ms + 1000, lambda: self.create_batch_call(workspace, request, batch_id)
            )
            return
        nth = workspace.count_dial(request.to_number)
        self._enter(workspace, self._new_call(request, nth, now_ms, batch_id))

    @property
    def open_calls(self) -> int:
        """Number of calls that are not over or not analysed yet."""
        return self.simulation.under_way

    def reset(self, *, config: SimulationConfig | None = None) -> None:
        """Drop calls, contacts and log; set the clock to real time."""
        self.event_queue.clear()
        self._workspaces.clear()
        self.simulation.under_way = 0
        self.request_log.reset()
        self.config = config or self.initial
        self.clock.set(now_ms=self.clock.wall() * 1000, rate=1.0)

    async def close(self) -> None:
        """Drop scheduled events and stop webhook deliveries."""
        self.event_queue.clear()
        await self.sender.close()

    def _current_config(self) -> SimulationConfig:
        return self.config

    def _begin(self, workspace: Workspace, request: CallRequest, nth: int, now_ms: int) -> Call:
        config = self.config
        workspace.admit(request.to_number, honors_dnc=request.honor_internal_dnc)
        workspace.take_slot(now_ms, config.outbound_limit, config.calls_per_second)
        return self._enter(workspace, self._new_call(request, nth, now_ms))

    def _new_call(
        self, request: CallRequest, nth: int, now_ms: int, batch_id: str | None = None
    ) -> Call:
        outcome = decide_outcome(self.config.seed, request.to_number, nth, self.config.weights)
        return Call(
            call_id=hex_id("call_", 32),
            request=request,
            outcome=outcome,
            created_ms=now_ms,
            nth=nth,
            batch_call_id=batch_id,
        )

    def _enter(self, workspace: Workspace, call: Call) -> Call:
        workspace.add(call, self.config.retained_calls)
        self.simulation.begin(call, workspace)
        return call

    def _log(self, workspace: Workspace, request: CallRequest, response: _Response) -> None:
        self.request_log.add_request(
            CreateRecord(
                at_ms=self.clock.now_ms(),
                workspace=workspace.name,
                to_number=request.to_number,
                idempotency_key=request.idempotency_key,
                metadata=request.metadata,
                status=response.status,
                call_id=response.call_id,
                is_replay=response.is_replay,
                fault=response.fault.kind.value if response.fault else None,
            )
        )


def describe_concurrency(workspace: Workspace, config: SimulationConfig) -> Mapping[str, Any]:
    """Render the response of GET /get-concurrency."""
    limit = config.concurrency_limit
    return {
        "current_concurrency": len(workspace.slots),
        "concurrency_limit": limit,
        "base_concurrency": min(limit, 20),
        "purchased_concurrency": max(0, limit - 20),
        "concurrency_purchase_limit": 1000,
        "remaining_purchase_limit": max(0, 1000 - max(0, limit - 20)),
        "concurrency_burst_enabled": False,
        "concurrency_burst_limit": 0,
        "reserved_inbound_concurrency": config.reserved_inbound_concurrency,
    }
