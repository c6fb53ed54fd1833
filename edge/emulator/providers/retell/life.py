"""A call's whole life: it rings, is answered or not, ends, is analysed, and says so each time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from edge.emulator.providers.faults import Endpoint, FaultKind, FaultQueue, Provider
from edge.emulator.providers.retell.agenda import Agenda
from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.call_document import render_call
from edge.emulator.providers.retell.conditions import Conditions
from edge.emulator.providers.retell.conversation import hold_conversation, render_utterances
from edge.emulator.providers.retell.ending import (
    STOPPED,
    TRANSFER_NUMBER,
    TRANSFERS,
    UNKNOWN_REASON,
    CallStatus,
    Ending,
)
from edge.emulator.providers.retell.ledger import CallRecord, Ledger
from edge.emulator.providers.retell.webhook import WebhookSender
from edge.emulator.providers.retell.workspace import Workspace


@dataclass(slots=True)
class Life:
    """Plays calls on the agenda."""

    agenda: Agenda
    sender: WebhookSender
    faults: FaultQueue
    ledger: Ledger
    conditions: Callable[[], Conditions]
    under_way: int = 0

    def begin(self, call: Call, workspace: Workspace) -> None:
        """Let it ring; the call is registered already."""
        request = call.request
        self.under_way += 1
        self.ledger.calls[call.call_id] = CallRecord(
            call.call_id,
            workspace.name,
            request.from_number,
            request.to_number,
            call.created_ms,
            call.metadata,
            is_successful=call.outcome.is_successful is True,
            in_voicemail=call.outcome.in_voicemail,
        )
        self.ledger.note_concurrency(workspace.name, len(workspace.slots))
        after_ring = self._answer if call.outcome.is_connected else self._miss
        self._after(call.outcome.ring_ms, lambda: after_ring(call, workspace))

    def stop(self, call: Call, workspace: Workspace) -> None:
        """End it now, as its owner asks."""
        if call.is_open:
            self._end(call, workspace, STOPPED, self.agenda.clock.now_ms())

    def _answer(self, call: Call, workspace: Workspace) -> None:
        if not call.is_open:
            return
        call.status = CallStatus.ONGOING
        call.started_ms = self.agenda.clock.now_ms()
        self.ledger.calls[call.call_id].started_ms = call.started_ms
        self._tell("call_started", call, workspace)
        ends_ms = call.started_ms + call.outcome.talk_ms
        if "transcript_updated" in self.conditions().webhook_events:
            self._let_talk(call, workspace)
        ending = self._spoil(call)
        self._after(call.outcome.talk_ms, lambda: self._end(call, workspace, ending, ends_ms))

    def _miss(self, call: Call, workspace: Workspace) -> None:
        self._end(call, workspace, self._spoil(call), self.agenda.clock.now_ms())

    def _spoil(self, call: Call) -> Ending:
        """The call's ending, under a name nobody knows when that is on order."""
        fault = self.faults.take(Provider.RETELL, Endpoint.ENDING)
        fault = fault or self.conditions().draw_fault(Endpoint.ENDING, call.label)
        if fault and fault.kind is FaultKind.UNKNOWN_REASON:
            return replace(call.outcome.ending, reason=fault.code or UNKNOWN_REASON)
        if fault and fault.kind is FaultKind.SLOT_LEAK:
            call.leaks_slot = True
        return call.outcome.ending

    def _end(self, call: Call, workspace: Workspace, ending: Ending, ended_ms: int) -> None:
        if not call.is_open:
            return
        call.ending, call.status, call.ended_ms = ending, ending.status, ended_ms
        record = self.ledger.calls[call.call_id]
        record.ended_ms, record.reason = ended_ms, ending.reason
        leak_ms = round(self.conditions().leak_seconds * 1000) if call.leaks_slot else 0
        if leak_ms:
            now_ms = self.agenda.clock.now_ms()
            self.agenda.add(now_ms + leak_ms, lambda: self._free(call, workspace))
        else:
            self._free(call, workspace)
        if ending.reason == "user_requested_dnc":
            workspace.contacts.mark_do_not_call(call.request.to_number, ended_ms)
        self._tell_end(call, workspace)
        self._after(call.outcome.analysis_ms, lambda: self._analyze(call, workspace))

    def _free(self, call: Call, workspace: Workspace) -> None:
        workspace.slots.discard(call.call_id)
        self.ledger.calls[call.call_id].freed_ms = self.agenda.clock.now_ms()

    def _analyze(self, call: Call, workspace: Workspace) -> None:
        call.is_analyzed = True
        self.under_way -= 1
        self._tell("call_analyzed", call, workspace)

    def _let_talk(self, call: Call, workspace: Workspace) -> None:
        """Tell each turn as it is over; the last one is told again at the end."""
        for count, turn in enumerate(hold_conversation(call), 1):
            tell = partial(self._tell_turns, count, call, workspace)
            self._after(round(turn.ends * 1000), tell)

    def _tell_turns(self, count: int, call: Call, workspace: Workspace) -> None:
        if call.is_open:
            spoken = render_utterances(hold_conversation(call)[:count])
            self._tell("transcript_updated", call, workspace, transcript_with_tool_calls=spoken)

    def _tell_end(self, call: Call, workspace: Workspace) -> None:
        """The events of an end, in their order."""
        transfer = TRANSFERS.get(call.ending.reason) if call.ending else None
        for event in transfer or ():
            self._tell(event, call, workspace)
        if call.started_ms is not None:
            self._tell("transcript_updated", call, workspace)
        self._tell("call_ended", call, workspace)

    def _tell(self, event: str, call: Call, workspace: Workspace, **of_call: Any) -> None:
        conditions = self.conditions()
        if event not in conditions.webhook_events:
            return
        document = render_call(call, with_analysis=event == "call_analyzed")
        body = {"event": event, "call": {**document, **of_call}}
        if event.startswith("transfer_"):
            body["transfer_destination"] = {"type": "predefined", "number": TRANSFER_NUMBER}
            body["transfer_option"] = {"type": "cold_transfer"}
        self.sender.send(body, call, workspace.api_key, conditions)

    def _after(self, lasting_ms: int, action: Callable[[], None]) -> None:
        shortened = round(lasting_ms / self.conditions().speed)
        self.agenda.add(self.agenda.clock.now_ms() + shortened, action)
