"""Answers with what it was sent."""

import os

from starlette.requests import Request
from starlette.responses import JSONResponse


async def main(request: Request) -> JSONResponse:
    body = await request.body()
    return JSONResponse(
        {
            "pid": os.getpid(),
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "headers": [[k, v] for k, v in request.headers.items()],
            "body": body.decode("latin-1"),
        }
    )
