"""A function whose path says how it ends: what `endpoint` makes of it is the test."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import PlainTextResponse, Response

from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import ConfigurationError, ConflictError, UnavailableError


@endpoint(methods=("GET", "POST"), auth=("publishable", "user", "secret"))
async def main(ctx: Context) -> Response | Mapping[str, Any] | tuple[Mapping[str, Any], int]:
    """End as asked."""
    with ctx.stage("end"):
        match ctx.subpath:
            case "/created":
                return {"id": 1}, 201
            case "/text":
                return PlainTextResponse("plain")
            case "/conflict":
                raise ConflictError("Taken.", code="TAKEN", metadata={"by": "somebody"})
            case "/unavailable":
                raise UnavailableError("Later.", headers={"Retry-After": "3"})
            case "/misconfigured":
                raise ConfigurationError("THE_SECRET_NAME is not set")
            case "/crash":
                raise RuntimeError("the password is hunter2")
            case path:
                return {"path": path, "mode": ctx.auth_mode, "user": ctx.user_id}
