"""The local stack's own pages: plain files, no build step, talking to this very gateway."""

from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

_STATIC: Final = Path(__file__).with_name("static")
_HEADERS: Final = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class _Files(StaticFiles):
    """Asked for anew each time, so that an edited page is seen at once."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers.update(_HEADERS)
        return response


def create_console_app(publishable_key: str, samples: Path) -> Starlette:
    """`samples` is the project's folder of examples; a project without one has none to offer."""

    async def show_talk_tracks(request: Request) -> Response:
        del request
        return FileResponse(_STATIC / "talk_tracks.html", headers=_HEADERS)

    async def show_settings(request: Request) -> Response:
        del request
        return JSONResponse({"publishableKey": publishable_key}, headers=_HEADERS)

    async def show_start(request: Request) -> Response:
        del request
        return RedirectResponse("/console/talk-tracks")

    routes: list[BaseRoute] = [
        Route("/", show_start),
        Route("/talk-tracks", show_talk_tracks),
        Route("/settings.json", show_settings),
        Mount("/static", _Files(directory=_STATIC)),
    ]
    if samples.is_dir():
        routes.append(Mount("/samples", _Files(directory=samples)))
    return Starlette(routes=routes)
