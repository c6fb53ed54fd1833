"""The answer of a function that is gone: 410, with what replaces it, since when, and why."""

from dataclasses import dataclass
from typing import Final

from starlette.responses import JSONResponse, Response

from shared.context import Context

ANY_METHOD: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Why a function is gone; `replacement` is the name of a function, or None."""

    since: str
    reason: str
    replacement: str | None = None


def gone(ctx: Context, deprecation: Deprecation) -> Response:
    """Render the answer, with a Link to the replacement."""
    name = ctx.env.function
    instead = f"Call {deprecation.replacement} instead." if deprecation.replacement else ""
    message = (
        f"{name} was deprecated in {deprecation.since} and is gone. {deprecation.reason} {instead}"
    )
    body = {
        "error": "This function is deprecated",
        "code": "DEPRECATED",
        "message": message.strip(),
        "status": "deprecated",
        "deprecated": True,
        "replacement": deprecation.replacement,
        "deprecated_since": deprecation.since,
        "reason": deprecation.reason,
    }
    headers: dict[str, str] = {}
    if deprecation.replacement:
        url = ctx.env.supabase.function_url(deprecation.replacement)
        headers["Link"] = f'<{url}>; rel="successor-version"'
    return JSONResponse(body, status_code=410, headers=headers)
