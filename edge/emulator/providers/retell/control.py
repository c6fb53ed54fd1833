"""Emulator controls: `/_control` sets configuration and clock, `/_requests` shows the log."""

from dataclasses import asdict, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.providers.body import MAX_CONTROL_BYTES, read_bytes
from edge.emulator.providers.faults import Endpoint, Fault, FaultKind, Provider
from edge.emulator.providers.retell.call_end import BY_REASON
from edge.emulator.providers.retell.emulator import RetellEmulator
from edge.emulator.providers.retell.simulation_config import StandingFault

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]


class ClockRequest(BaseModel):
    """`now_ms` sets the simulated time; `rate` is simulated seconds per real second."""

    model_config = ConfigDict(extra="forbid")

    now_ms: float | None = None
    rate: Annotated[float, Field(gt=0, le=100_000)] | None = None


class StandingFaultRequest(BaseModel):
    """A fault as in /_faults, injected into a share (`rate`) of the requests or events."""

    model_config = ConfigDict(extra="forbid")

    endpoint: Endpoint
    kind: FaultKind
    rate: Share
    status: Annotated[int, Field(ge=400, le=599)] = 500
    code: str | None = None
    retry_after: str | None = None
    seconds: Annotated[float, Field(ge=0)] = 3600.0

    def to_standing_fault(self) -> StandingFault:
        fault = Fault(
            Provider.RETELL,
            self.kind,
            endpoint=self.endpoint,
            status=self.status,
            code=self.code,
            retry_after=self.retry_after,
            seconds=self.seconds,
        )
        return StandingFault(fault, self.rate)


class ControlRequest(BaseModel):
    """The body of POST /_control; omitted fields keep their value. See `SimulationConfig`."""

    model_config = ConfigDict(extra="forbid")

    clock: ClockRequest | None = None
    seed: int | None = None
    speed: Positive | None = None
    webhook_url: str | None = None
    webhook_key: str | None = None
    agent_webhook_urls: dict[str, str] | None = None
    webhook_events: tuple[str, ...] | None = None
    webhook_timeout_seconds: Positive | None = None
    concurrency_limit: Count | None = None
    reserved_inbound_concurrency: Count | None = None
    calls_per_second: Positive | None = None
    weights: dict[str, Positive] | None = None
    leak_seconds: Positive | None = None
    retained_calls: Count | None = None
    standing_faults: tuple[StandingFaultRequest, ...] | None = None

    def changes(self) -> dict[str, Any]:
        """Return the given fields by their names in SimulationConfig."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"clock"}}
        if self.standing_faults is not None:
            given["standing_faults"] = tuple(
                fault.to_standing_fault() for fault in self.standing_faults
            )
        return given


def control_routes(retell: RetellEmulator) -> list[Route]:
    """Build the routes; they need no API key.

    DELETE /_control resets calls, contacts, log, configuration and clock; DELETE /_requests
    returns the log and drops its completed entries.
    """

    async def serve_control(request: Request) -> Response:
        if request.method == "POST":
            return _change(retell, await read_bytes(request, MAX_CONTROL_BYTES))
        if request.method == "DELETE":
            retell.reset()
        return _describe(retell)

    async def serve_requests(request: Request) -> Response:
        answer = JSONResponse(retell.request_log.render())
        if request.method == "DELETE":
            retell.request_log.drain()
        return answer

    return [
        Route("/_control", serve_control, methods=["GET", "POST", "DELETE"]),
        Route("/_requests", serve_requests, methods=["GET", "DELETE"]),
    ]


def _change(retell: RetellEmulator, body: bytes) -> Response:
    try:
        change = ControlRequest.model_validate_json(body)
    except ValidationError as exc:
        problems = exc.errors(include_url=False, include_context=False, include_input=False)
        return JSONResponse({"message": "Invalid configuration.", "problems": problems}, 400)
    unknown = [reason for reason in change.weights or () if reason not in BY_REASON]
    if unknown:
        return JSONResponse({"message": "Unknown disconnection reasons.", "problems": unknown}, 400)
    retell.config = replace(retell.config, **change.changes())
    if change.clock:
        retell.clock.set(now_ms=change.clock.now_ms, rate=change.clock.rate)
        retell.event_queue.reschedule()
    return _describe(retell)


def _describe(retell: RetellEmulator) -> Response:
    clock = {"now_ms": retell.clock.now_ms(), "rate": retell.clock.rate}
    state = {
        "clock": clock,
        "open_calls": retell.open_calls,
        "under_way": retell.request_log.under_way,
        "requests_ever": retell.request_log.requests_ever,
    }
    return JSONResponse({**state, **asdict(retell.config)})
