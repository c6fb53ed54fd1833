"""What answers where a stack runs without a database of its own."""

from typing import Final

from starlette.responses import JSONResponse

from edge.gateway.app import App

# As the data API says it while Postgres is away: clients then know that it is not their fault.
_APP: Final[App] = JSONResponse(
    {
        "code": "PGRST000",
        "details": "This stack runs without a database.",
        "hint": "edge start runs one.",
        "message": "Database connection error. Retrying the connection.",
    },
    status_code=503,
)
NO_DATABASE: Final[dict[str, App]] = {"/rest/v1": _APP, "/auth/v1": _APP}
