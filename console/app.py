"""The ASGI app of the console's process: NiceGUI at /console, platform and project pages."""

import importlib
import logging
import pkgutil
import sys
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from nicegui import app as nicegui_app
from nicegui import ui
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console import uploads, views
from console.settings import read_settings
from console.view import BASE

_LOG: Final = logging.getLogger("console")
_STATIC: Final = Path(__file__).parent / "static"
# NiceGUI compiles Vue templates in the browser and writes its start script into the page.
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_ELEMENTS: Final = (
    *("codemirror", "colors", "dialog", "expansion", "header", "html", "image"),
    *("input", "select", "textarea", "timer", "upload"),
)
"""Those of the pages that have a script. A page of a former process asks this one for them."""
_HEADERS: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def create_app() -> ASGIApp:
    """Register all pages and return the app."""
    shown = read_settings().views
    for module in pkgutil.iter_modules(views.__path__):
        if module.name in shown if shown else module.name != "operator":
            importlib.import_module(f"{views.__name__}.{module.name}")
    _add_project_pages(read_settings().pages, read_settings().root)
    for name in _ELEMENTS:
        getattr(ui, name)  # registers its script, which NiceGUI does when it is first used
    assert uploads  # it has registered its routes
    nicegui_app.add_static_files("/static", _STATIC)
    ui.add_head_html(_head(), shared=True)
    # Its bar has no name for screen readers, and answers come over the socket.
    nicegui_app.config.quasar_config["loadingBar"] = {"skipHijack": True}
    host = FastAPI(openapi_url=None)
    ui.run_with(
        host,
        title="Console",
        favicon=_STATIC / "icon.svg",
        dark=None,
        language="en-US",
        mount_path=BASE,
        tailwind=False,
        gzip_middleware_factory=None,  # over loopback it costs more than it saves
        reconnect_timeout=30.0,
        show_welcome_message=False,
    )
    return _with_headers(host)


def _head() -> str:
    version = max(int(path.stat().st_mtime) for path in _STATIC.iterdir())
    return (
        f'<link rel="stylesheet" href="{BASE}/static/console.css?{version}">'
        f'<script defer src="{BASE}/static/console.js?{version}"></script>'
    )


def _add_project_pages(entry: str, root: str) -> None:
    """Call the project's function; a page that fails to register never hides the others."""
    if not entry:
        return
    sys.path.append(root)
    module, _, function = entry.partition(":")
    try:
        getattr(importlib.import_module(module), function)()
    except Exception:
        _LOG.exception("edge.toml [console] pages = %r could not be registered", entry)


def _with_headers(app: ASGIApp) -> ASGIApp:
    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        await app(scope, receive, sending if scope["type"] == "http" else send)

    return serve
