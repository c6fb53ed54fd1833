"""`/_faults`: POST queues faults, GET shows pending faults and request counts, DELETE clears."""

from dataclasses import asdict
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.emulator.providers.body import MAX_CONTROL_BYTES, read_bytes
from edge.emulator.providers.faults import Endpoint, Fault, FaultKind, FaultQueue, Provider


class FaultRequest(BaseModel):
    """The body of POST /_faults."""

    model_config = ConfigDict(extra="forbid")

    provider: Provider
    kind: FaultKind
    endpoint: Endpoint | None = None
    status: Annotated[int, Field(ge=400, le=599)] = 500
    code: str | None = None
    retry_after: str | float | None = None
    seconds: Annotated[float, Field(ge=0)] = 3600.0
    times: Annotated[int, Field(ge=1, le=1000)] = 1

    def to_fault(self) -> Fault:
        """Convert to the queue's record; a numeric `retry_after` becomes text."""
        return Fault(
            self.provider,
            self.kind,
            endpoint=self.endpoint,
            status=self.status,
            code=self.code,
            retry_after=None if self.retry_after is None else f"{self.retry_after}",
            seconds=self.seconds,
        )


def fault_route(faults: FaultQueue) -> Route:
    """Build the route of all three methods; it needs no API key."""

    async def serve_faults(request: Request) -> Response:
        if request.method == "POST":
            return _add(faults, await read_bytes(request, MAX_CONTROL_BYTES))
        if request.method == "DELETE":
            faults.clear()
        return _describe(faults)

    return Route("/_faults", serve_faults, methods=["GET", "POST", "DELETE"])


def _add(faults: FaultQueue, body: bytes) -> Response:
    try:
        added = FaultRequest.model_validate_json(body)
    except ValidationError as exc:
        problems = exc.errors(include_url=False, include_context=False, include_input=False)
        return JSONResponse({"message": "Invalid fault.", "problems": problems}, 400)
    faults.add(added.to_fault(), added.times)
    return _describe(faults, status=201)


def _describe(faults: FaultQueue, status: int = 200) -> Response:
    pending = [asdict(fault) for fault in faults.pending]
    counts = {"requests": faults.requests, "processing_ms": faults.processing_ms}
    return JSONResponse({"pending": pending, **counts}, status)
