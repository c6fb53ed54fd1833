"""Pages of the project on the local stack: static files below /console, no build step.

`/console/<name>` is the folder's index.html and `/console/<name>/…` are its files;
`/console/settings.json` is {publishableKey}: the key for a page's requests to the stack.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

INDEX: Final = "index.html"
SETTINGS: Final = "settings.json"
_HEADERS: Final = {
    "cache-control": "no-cache",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class _Files(StaticFiles):
    """Static files that a browser revalidates each time, so that an edit shows at once."""

    def file_response(self, *args: Any, **options: Any) -> Response:
        response = super().file_response(*args, **options)
        response.headers.update(_HEADERS)
        return response


def create_pages_app(publishable_key: str, pages: Mapping[str, Path]) -> Starlette:
    """Return the app that serves `pages`, folders by name.

    A folder without index.html has no page, but its files are served.
    """

    async def show_settings(request: Request) -> Response:
        del request
        return JSONResponse({"publishableKey": publishable_key}, headers=_HEADERS)

    routes: list[BaseRoute] = [Route(f"/{SETTINGS}", show_settings)]
    shown = page_names(pages)
    for name, folder in pages.items():
        if name in shown:
            routes.append(Route(f"/{name}", _show(folder / INDEX)))
        routes.append(Mount(f"/{name}", _Files(directory=folder, html=name in shown)))
    return Starlette(routes=routes)


def page_names(pages: Mapping[str, Path]) -> list[str]:
    """Return the names of folders with an index.html, in the order of edge.toml."""
    return [name for name, folder in pages.items() if (folder / INDEX).is_file()]


def _show(file: Path) -> Any:
    async def show(request: Request) -> Response:
        del request
        return FileResponse(file, headers=_HEADERS)

    return show
