"""Simulation of a call: ring, answer or miss, end, analyse; each step sends its webhooks."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from edge.emulator.providers.faults import Endpoint, FaultKind, FaultQueue, Provider
from edge.emulator.providers.retell.call import Call
from edge.emulator.providers.retell.call_document import render_call
from edge.emulator.providers.retell.call_end import (
    STOPPED,
    TRANSFER_NUMBER,
    TRANSFERS,
    UNKNOWN_REASON,
    CallEnd,
    CallStatus,
)
from edge.emulator.providers.retell.conversation import plan_turns, render_utterances
from edge.emulator.providers.retell.event_queue import EventQueue
from edge.emulator.providers.retell.request_log import CallRecord, RequestLog
from edge.emulator.providers.retell.simulation_config import SimulationConfig
from edge.emulator.providers.retell.webhook import WebhookSender
from edge.emulator.providers.retell.workspace import Workspace


@dataclass(slots=True)
class CallSimulation:
    """Runs calls on the event queue; `under_way` counts calls not yet analysed."""

    event_queue: EventQueue
    sender: WebhookSender
    faults: FaultQueue
    request_log: RequestLog
    config: Callable[[], SimulationConfig]
    under_way: int = 0

    def begin(self, call: Call, workspace: Workspace) -> None:
        """Start ringing; the call has been added to the workspace already."""
        request = call.request
        self.under_way += 1
        self.request_log.calls[call.call_id] = CallRecord(
            call.call_id,
            workspace.name,
            request.from_number,
            request.to_number,
            call.created_ms,
            call.metadata,
            is_successful=call.outcome.is_successful is True,
            in_voicemail=call.outcome.in_voicemail,
        )
        self.request_log.record_concurrency(workspace.name, len(workspace.slots))
        after_ring = self._answer if call.outcome.is_connected else self._miss
        self._after(call.outcome.ring_ms, lambda: after_ring(call, workspace))

    def stop(self, call: Call, workspace: Workspace) -> None:
        """End an open call now, with reason manual_stopped."""
        if call.is_open:
            self._end(call, workspace, STOPPED, self.event_queue.clock.now_ms())

    def _answer(self, call: Call, workspace: Workspace) -> None:
        if not call.is_open:
            return
        call.status = CallStatus.ONGOING
        call.started_ms = self.event_queue.clock.now_ms()
        self.request_log.calls[call.call_id].started_ms = call.started_ms
        self._emit("call_started", call, workspace)
        ends_ms = call.started_ms + call.outcome.talk_ms
        if "transcript_updated" in self.config().webhook_events:
            self._schedule_transcript_updates(call, workspace)
        end = self._inject_fault(call)
        self._after(call.outcome.talk_ms, lambda: self._end(call, workspace, end, ends_ms))

    def _miss(self, call: Call, workspace: Workspace) -> None:
        self._end(call, workspace, self._inject_fault(call), self.event_queue.clock.now_ms())

    def _inject_fault(self, call: Call) -> CallEnd:
        """Return the call's end; injected faults change its reason or leak its slot."""
        fault = self.faults.take(Provider.RETELL, Endpoint.CALL_END)
        fault = fault or self.config().draw_fault(Endpoint.CALL_END, call.label)
        if fault and fault.kind is FaultKind.UNKNOWN_REASON:
            return replace(call.outcome.end, reason=fault.code or UNKNOWN_REASON)
        if fault and fault.kind is FaultKind.SLOT_LEAK:
            call.leaks_slot = True
        return call.outcome.end

    def _end(self, call: Call, workspace: Workspace, end: CallEnd, ended_ms: int) -> None:
        if not call.is_open:
            return
        call.end, call.status, call.ended_ms = end, end.status, ended_ms
        record = self.request_log.calls[call.call_id]
        record.ended_ms, record.reason = ended_ms, end.reason
        leak_ms = round(self.config().leak_seconds * 1000) if call.leaks_slot else 0
        if leak_ms:
            now_ms = self.event_queue.clock.now_ms()
            self.event_queue.add(now_ms + leak_ms, lambda: self._free(call, workspace))
        else:
            self._free(call, workspace)
        if end.reason == "user_requested_dnc":
            workspace.contacts.mark_do_not_call(call.request.to_number, ended_ms)
        self._emit_end(call, workspace)
        self._after(call.outcome.analysis_ms, lambda: self._analyze(call, workspace))

    def _free(self, call: Call, workspace: Workspace) -> None:
        workspace.slots.discard(call.call_id)
        self.request_log.calls[call.call_id].freed_ms = self.event_queue.clock.now_ms()

    def _analyze(self, call: Call, workspace: Workspace) -> None:
        call.is_analyzed = True
        self.under_way -= 1
        self._emit("call_analyzed", call, workspace)

    def _schedule_transcript_updates(self, call: Call, workspace: Workspace) -> None:
        """Send transcript_updated after each turn; the end sends the last one again."""
        for count, turn in enumerate(plan_turns(call), 1):
            emit = partial(self._emit_turns, count, call, workspace)
            self._after(round(turn.ends * 1000), emit)

    def _emit_turns(self, count: int, call: Call, workspace: Workspace) -> None:
        if call.is_open:
            spoken = render_utterances(plan_turns(call)[:count])
            self._emit("transcript_updated", call, workspace, transcript_with_tool_calls=spoken)

    def _emit_end(self, call: Call, workspace: Workspace) -> None:
        """Send the events of a call's end in Retell's order."""
        transfer = TRANSFERS.get(call.end.reason) if call.end else None
        for event in transfer or ():
            self._emit(event, call, workspace)
        if call.started_ms is not None:
            self._emit("transcript_updated", call, workspace)
        self._emit("call_ended", call, workspace)

    def _emit(self, event: str, call: Call, workspace: Workspace, **fields: Any) -> None:
        config = self.config()
        if event not in config.webhook_events:
            return
        document = render_call(call, with_analysis=event == "call_analyzed")
        body = {"event": event, "call": {**document, **fields}}
        if event.startswith("transfer_"):
            body["transfer_destination"] = {"type": "predefined", "number": TRANSFER_NUMBER}
            body["transfer_option"] = {"type": "cold_transfer"}
        self.sender.send(body, call, workspace.api_key, config)

    def _after(self, duration_ms: int, action: Callable[[], None]) -> None:
        delay_ms = round(duration_ms / self.config().speed)
        self.event_queue.add(self.event_queue.clock.now_ms() + delay_ms, action)
