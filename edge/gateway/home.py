"""What a browser sees at `/`: where things are on this stack. Clients without HTML get a 404."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

from starlette.responses import HTMLResponse

from edge.gateway.pages import page_names

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Edge Functions for Python</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto }}
code {{ background: #8882; padding: 0 .25em }}
</style>
<h1>This is the local stack</h1>
<p>It answers programs, not browsers. <code>edge status</code> prints its URLs and keys.</p>
<ul>
{items}
</ul>
</html>
"""
_SERVICES: Final = (
    ("/console", "the console, with the link that <code>edge status</code> prints"),
    ("/functions/v1/&lt;name&gt;", "functions: <code>edge functions list</code>"),
    ("/rest/v1/&lt;table&gt;", "data API"),
    ("/auth/v1", "Auth: <a href='/auth/v1/health'>health</a>, <a href='/mail'>mails</a>"),
    ("/storage/v1", "Storage"),
    ("/realtime/v1", "Realtime"),
    ("/metrics", "numbers, with the secret key"),
)
_HEADERS: Final = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def create_home_page(pages: Mapping[str, Path]) -> HTMLResponse:
    """Return the response that lists `pages` of the console, by name, and the services."""
    links = [
        f'<li><a href="/console/{escape(name)}">/console/{escape(name)}</a></li>'
        for name in page_names(pages)
    ]
    services = [f"<li><code>{path}</code>: {text}</li>" for path, text in _SERVICES]
    return HTMLResponse(_PAGE.format(items="\n".join([*links, *services])), headers=_HEADERS)
