"""A function whose path says how it ends: what `endpoint` makes of it is the test."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
from starlette.responses import PlainTextResponse, Response

from shared.context import Context
from shared.endpoint import endpoint
from shared.errors import ConfigurationError, ConflictError, UnavailableError


@endpoint(methods=("GET", "POST"), auth=("publishable", "user", "secret"), timeout=2)
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
            case "/elsewhere":
                async with httpx.AsyncClient() as client:
                    await client.get("http://127.0.0.1:1/")  # where nobody listens
            case "/endless":
                await asyncio.sleep(60)
            case "/own-timeout":
                async with asyncio.timeout(0.01):
                    await asyncio.sleep(60)
            case path:
                return {"path": path, "mode": ctx.auth_mode, "user": ctx.user_id}
    raise AssertionError("cut short")
