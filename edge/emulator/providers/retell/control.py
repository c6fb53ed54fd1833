"""`/_control` and `/_ledger`: set conditions and time, forget everything, see what happened."""

from dataclasses import asdict, replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.providers.faults import Endpoint, Fault, FaultKind, Provider
from edge.emulator.providers.retell.conditions import StandingFault
from edge.emulator.providers.retell.emulator import RetellEmulator
from edge.emulator.providers.retell.ending import BY_REASON

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]


class ClockOrder(BaseModel):
    """`now_ms` sets the calls' time; `rate` is how much of it passes in a second of the wall's."""

    model_config = ConfigDict(extra="forbid")

    now_ms: float | None = None
    rate: Annotated[float, Field(gt=0, le=100_000)] | None = None


class StandingFaultOrder(BaseModel):
    """A fault of /_faults that befalls a share of the cases until conditions change."""

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


class ControlOrder(BaseModel):
    """The body of POST /_control: what is given changes, the rest stays. See `Conditions`."""

    model_config = ConfigDict(extra="forbid")

    clock: ClockOrder | None = None
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
    standing_faults: tuple[StandingFaultOrder, ...] | None = None

    def changes(self) -> dict[str, Any]:
        """By the names of the conditions."""
        given = {name: getattr(self, name) for name in self.model_fields_set - {"clock"}}
        if self.standing_faults is not None:
            given["standing_faults"] = tuple(
                order.to_standing_fault() for order in self.standing_faults
            )
        return given


def control_routes(retell: RetellEmulator) -> list[Route]:
    """They need no key; they exist on a developer's machine only."""

    async def serve_control(request: Request) -> Response:
        if request.method == "POST":
            return _change(retell, await request.body())
        if request.method == "DELETE":
            retell.reset()
        return _describe(retell)

    async def serve_ledger(request: Request) -> Response:
        answer = JSONResponse(retell.ledger.render())
        if request.method == "DELETE":
            retell.ledger.drain()
        return answer

    return [
        Route("/_control", serve_control, methods=["GET", "POST", "DELETE"]),
        Route("/_ledger", serve_ledger, methods=["GET", "DELETE"]),
    ]


def _change(retell: RetellEmulator, body: bytes) -> Response:
    try:
        order = ControlOrder.model_validate_json(body)
    except ValidationError as exc:
        problems = exc.errors(include_url=False, include_context=False, include_input=False)
        return JSONResponse({"message": "No such conditions.", "problems": problems}, 400)
    unknown = [reason for reason in order.weights or () if reason not in BY_REASON]
    if unknown:
        return JSONResponse({"message": "No such endings.", "problems": unknown}, 400)
    retell.conditions = replace(retell.conditions, **order.changes())
    if order.clock:
        retell.clock.set(now_ms=order.clock.now_ms, rate=order.clock.rate)
        retell.agenda.reschedule()
    return _describe(retell)


def _describe(retell: RetellEmulator) -> Response:
    clock = {"now_ms": retell.clock.now_ms(), "rate": retell.clock.rate}
    state = {
        "clock": clock,
        "open_calls": retell.open_calls,
        "under_way": retell.ledger.under_way,
        "requests_ever": retell.ledger.requests_ever,
    }
    return JSONResponse({**state, **asdict(retell.conditions)})
