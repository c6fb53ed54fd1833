"""GET /processes: the processes of the project, as edge.toml names them."""

import json
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.context import context_of
from edge.project.lock import Lock


async def _list_processes(request: Request) -> Response:
    """Answer {data: [{name, state, pid, port, restarts, url}]}; url is null without a port."""
    known = Lock(context_of(request).settings.state_dir / "lock").read()
    processes: list[dict[str, Any]] = json.loads(known.get("PROCESSES", "[]"))
    return JSONResponse({"data": [each | {"url": _url(each["port"])} for each in processes]})


def _url(port: int | None) -> str | None:
    return f"http://127.0.0.1:{port}" if port else None


ROUTES: Final = [Route("/processes", _list_processes)]
