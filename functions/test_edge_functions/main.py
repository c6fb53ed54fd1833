"""Answer 410: tests that ran as a function.

Any method and caller. 410 {error, message, code DEPRECATED, replacement, deprecated_since, reason}.
"""

from typing import Final

from starlette.responses import Response

from shared.context import Context
from shared.endpoint import endpoint
from shared.http.deprecated import ANY_METHOD, Deprecation, gone

_DEPRECATION: Final = Deprecation(
    since="August 2025",
    reason="The project's own tests, smoke.toml files and system-metrics took its place.",
    replacement="system-metrics",
)


@endpoint(auth="none", methods=ANY_METHOD)
async def main(ctx: Context) -> Response:
    """Say what replaces this function."""
    return gone(ctx, _DEPRECATION)
