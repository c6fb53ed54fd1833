"""The reply of the sales functions: `EdgeFunctionResponse`, success and error alike.

{status, data: {result, processing_time (ms), video_id (uuid), output_type}, error?: {message, code,
metadata}}. An error keeps `data` with a null result, so that one reader serves both, and repeats
`code` and `message` at the top, where the platform's own replies have them.
"""

from collections.abc import Mapping
from typing import Any

from shared.context import Context
from shared.errors import FunctionError
from shared.runtime.log import RequestLog


def succeed(ctx: Context, output_type: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """Render a successful response."""
    ctx.note(output_type=output_type)
    return {"status": "success", "data": _data(ctx.log, result)}


def fail(error: FunctionError, log: RequestLog) -> dict[str, Any]:
    """Render a failed response."""
    return {
        "status": "error",
        "data": _data(log, None),
        "error": {"message": error.message, "code": error.code, "metadata": error.metadata},
        "code": error.code,
        "message": error.message,
    }


def _data(log: RequestLog, result: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "result": result,
        "processing_time": log.elapsed_ms,
        "video_id": log.fields.get("video_id"),
        "output_type": log.fields.get("output_type"),
    }
