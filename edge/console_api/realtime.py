"""GET /realtime: the open channels, who is in them and what they listen to."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.context import context_of
from edge.console_api.errors import ApiError

_MAX_CHANNELS: Final = 200
_MAX_MEMBERS: Final = 50


async def _show_realtime(request: Request) -> Response:
    services = context_of(request).services()
    if services is None or services.realtime is None:
        raise ApiError(
            503,
            "REALTIME_NOT_READY",
            "Realtime has not started.",
            "It starts with the local database: edge start",
        )
    hub = services.realtime.hub
    topics: dict[tuple[str, bool], dict[str, Any]] = {}
    for channel in hub.channels():
        if channel.key not in topics and len(topics) >= _MAX_CHANNELS:
            continue
        topic = topics.setdefault(
            channel.key,
            {
                "id": f"{channel.name}:{channel.key[1]}",
                "topic": channel.name,
                "private": channel.key[1],
                "members": 0,
                "presence": 0,
                "connections": [],
            },
        )
        topic["members"] += 1
        topic["presence"] = len(hub.presence_state(channel))
        if len(topic["connections"]) < _MAX_MEMBERS:
            topic["connections"].append(
                {
                    "id": channel.number,
                    "role": channel.identity.role,
                    "sub": channel.identity.subject,
                    "reads": sorted(channel.rights.read),
                    "writes": sorted(channel.rights.write),
                    "tables": [
                        f"{each.event} {each.schema}.{each.table}" for each in channel.subscriptions
                    ],
                }
            )
    return JSONResponse(
        {"sockets": services.realtime.sockets, "data": list(topics.values()), "next": None}
    )


ROUTES: Final = [Route("/realtime", _show_realtime)]
