"""The 503 response of the data, auth and storage APIs when the stack runs without a database."""

from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp

# PostgREST's error while Postgres is unreachable, which clients already handle.
_APP: Final[ASGIApp] = JSONResponse(
    {
        "code": "PGRST000",
        "details": "This stack runs without a database.",
        "hint": "edge start runs one.",
        "message": "Database connection error. Retrying the connection.",
    },
    status_code=503,
)
NO_DATABASE: Final[dict[str, ASGIApp]] = dict.fromkeys(
    ("/rest/v1", "/auth/v1", "/storage/v1", "/realtime/v1"), _APP
)
