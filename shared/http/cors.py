"""Cross-origin headers, as `@supabase/supabase-js/cors` ships them."""

from typing import Final

from starlette.responses import Response

_ANY_ORIGIN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "x-request-id, retry-after, sb-error-code",
}
_PREFLIGHT: Final = {
    **_ANY_ORIGIN,
    "Access-Control-Allow-Headers": (
        "authorization, x-client-info, apikey, content-type, x-retry-count, x-request-id, x-region"
        ", traceparent, tracestate, baggage"
    ),
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Max-Age": "86400",
}


def preflight(status: int = 200) -> Response:
    """Answer OPTIONS with 204."""
    content = None if status == 204 else "ok"
    return Response(content, status, media_type="text/plain", headers=_PREFLIGHT)


def allow_any_origin(response: Response) -> Response:
    """Add CORS headers to any response; headers already set stay."""
    for name, value in _ANY_ORIGIN.items():
        response.headers.setdefault(name, value)
    return response
