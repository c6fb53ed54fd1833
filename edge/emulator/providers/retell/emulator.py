"""All of emulated Retell's state: its clock, its conditions, its workspaces, its ledger."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.emulator.providers.faults import Endpoint, Fault, FaultKind, FaultQueue
from edge.emulator.providers.identifier import hex_id
from edge.emulator.providers.retell.agenda import Agenda
from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.call_request import CallRequest
from edge.emulator.providers.retell.clock import Clock
from edge.emulator.providers.retell.conditions import Conditions
from edge.emulator.providers.retell.errors import RetellError, ordered_error
from edge.emulator.providers.retell.ledger import CreateRecord, Ledger
from edge.emulator.providers.retell.life import Life
from edge.emulator.providers.retell.outcome import decide_outcome
from edge.emulator.providers.retell.webhook import WebhookSender
from edge.emulator.providers.retell.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    fault: Fault | None = None
    call_id: str | None = None
    is_replay: bool = False


@dataclass(slots=True)
class RetellEmulator:
    """One emulated Retell; `initial` are the conditions that a reset goes back to."""

    faults: FaultQueue
    initial: Conditions = field(default_factory=Conditions)
    clock: Clock = field(default_factory=Clock)
    ledger: Ledger = field(default_factory=Ledger)
    conditions: Conditions = field(init=False)
    agenda: Agenda = field(init=False)
    sender: WebhookSender = field(init=False)
    life: Life = field(init=False)
    _workspaces: dict[str, Workspace] = field(default_factory=dict[str, Workspace])
    _questions: int = 0

    def __post_init__(self) -> None:
        self.conditions = self.initial
        self.agenda = Agenda(self.clock)
        self.sender = WebhookSender(self.agenda, self.faults, self.ledger)
        self.life = Life(self.agenda, self.sender, self.faults, self.ledger, self._conditions)

    def workspace(self, api_key: str) -> Workspace:
        if api_key not in self._workspaces:
            self._workspaces[api_key] = Workspace(api_key)
        return self._workspaces[api_key]

    def create_call(
        self, workspace: Workspace, request: CallRequest, ordered: Fault | None = None
    ) -> tuple[Call, Fault | None]:
        """The call, the earlier one when the request repeats itself, and what befalls the answer.

        Raises the refusal; either way the ledger knows of the request.
        """
        now_ms = self.clock.now_ms()
        nth = workspace.count_dial(request.to_number)
        fault = ordered or self.conditions.draw_fault(
            Endpoint.CREATE_CALL, f"{request.to_number}:{nth}"
        )
        repeated = workspace.find_by_key(request.idempotency_key, now_ms)
        try:
            if fault and fault.kind is FaultKind.STATUS:
                raise ordered_error(fault)
            call = repeated or self._begin(workspace, request, nth, now_ms)
        except RetellError as exc:
            self._note(workspace, request, _Answer(exc.status, fault))
            raise
        self._note(workspace, request, _Answer(201, fault, call.call_id, repeated is not None))
        return call, fault

    def disturb_reading(self) -> None:
        """Raise the standing fault that befalls this question about calls, if one does."""
        self._questions += 1
        fault = self.conditions.draw_fault(Endpoint.READ_CALL, str(self._questions))
        if fault:
            raise ordered_error(fault)

    def create_batch_call(self, workspace: Workspace, request: CallRequest, batch_id: str) -> None:
        """One of a batch's calls; a batch waits for free slots instead of being refused."""
        now_ms = self.clock.now_ms()
        if len(workspace.slots) >= self.conditions.outbound_limit:
            self.agenda.add(
                now_ms + 1000, lambda: self.create_batch_call(workspace, request, batch_id)
            )
            return
        nth = workspace.count_dial(request.to_number)
        self._enter(workspace, self._new_call(request, nth, now_ms, batch_id))

    @property
    def open_calls(self) -> int:
        """Calls that are not over, or not analysed yet."""
        return self.life.under_way

    def reset(self, *, conditions: Conditions | None = None) -> None:
        """Forget calls, contacts and ledger; the clock shows the wall's time again."""
        self.agenda.clear()
        self._workspaces.clear()
        self.life.under_way = 0
        self.ledger.reset()
        self.conditions = conditions or self.initial
        self.clock.set(now_ms=self.clock.wall() * 1000, rate=1.0)

    async def close(self) -> None:
        """Let nothing more happen."""
        self.agenda.clear()
        await self.sender.close()

    def _conditions(self) -> Conditions:
        return self.conditions

    def _begin(self, workspace: Workspace, request: CallRequest, nth: int, now_ms: int) -> Call:
        conditions = self.conditions
        workspace.admit(request.to_number, honors_dnc=request.honor_internal_dnc)
        workspace.take_slot(now_ms, conditions.outbound_limit, conditions.calls_per_second)
        return self._enter(workspace, self._new_call(request, nth, now_ms))

    def _new_call(
        self, request: CallRequest, nth: int, now_ms: int, batch_id: str | None = None
    ) -> Call:
        outcome = decide_outcome(
            self.conditions.seed, request.to_number, nth, self.conditions.weights
        )
        return Call(
            call_id=hex_id("call_", 32),
            request=request,
            outcome=outcome,
            created_ms=now_ms,
            nth=nth,
            batch_call_id=batch_id,
        )

    def _enter(self, workspace: Workspace, call: Call) -> Call:
        workspace.add(call, self.conditions.retained_calls)
        self.life.begin(call, workspace)
        return call

    def _note(self, workspace: Workspace, request: CallRequest, answer: _Answer) -> None:
        self.ledger.note_request(
            CreateRecord(
                at_ms=self.clock.now_ms(),
                workspace=workspace.name,
                to_number=request.to_number,
                idempotency_key=request.idempotency_key,
                metadata=request.metadata,
                status=answer.status,
                call_id=answer.call_id,
                is_replay=answer.is_replay,
                fault=answer.fault.kind.value if answer.fault else None,
            )
        )


def describe_concurrency(workspace: Workspace, conditions: Conditions) -> Mapping[str, Any]:
    """The answer of GET /get-concurrency."""
    limit = conditions.concurrency_limit
    return {
        "current_concurrency": len(workspace.slots),
        "concurrency_limit": limit,
        "base_concurrency": min(limit, 20),
        "purchased_concurrency": max(0, limit - 20),
        "concurrency_purchase_limit": 1000,
        "remaining_purchase_limit": max(0, 1000 - max(0, limit - 20)),
        "concurrency_burst_enabled": False,
        "concurrency_burst_limit": 0,
        "reserved_inbound_concurrency": conditions.reserved_inbound_concurrency,
    }
