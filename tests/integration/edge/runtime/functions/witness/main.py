"""Remembers every request that it is given."""

from starlette.requests import Request
from starlette.responses import JSONResponse

SEEN: list[dict[str, object]] = []


async def main(request: Request) -> JSONResponse:
    SEEN.append(
        {
            "method": request.method,
            "target": request.scope["raw_path"].decode("latin-1"),
            "query": request.url.query,
            "headers": [[k.decode("latin-1"), v.decode("latin-1")] for k, v in request.headers.raw],
            "body": (await request.body()).decode("latin-1"),
        }
    )
    return JSONResponse(SEEN)
