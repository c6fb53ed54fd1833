"""GET /realtime: the open channels, their messages, who is in them and what they listen to."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.context import context_of
from edge.console_api.errors import ApiError

if TYPE_CHECKING:
    from edge.emulator.realtime.hub import Channel, Hub, Key

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
    topics: dict[Key, dict[str, Any]] = {}
    for channel in hub.channels():
        topic = topics.get(channel.key)
        if topic is None:
            if len(topics) >= _MAX_CHANNELS:
                continue
            topic = topics[channel.key] = _describe(hub, channel)
        topic["members"] += 1
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
        {
            "sockets": services.realtime.sockets,
            "read_at": datetime.now(UTC).isoformat(),
            "data": list(topics.values()),
            "next": None,
        }
    )


def _describe(hub: "Hub", channel: "Channel") -> dict[str, Any]:
    """Return a channel's topic, without members."""
    name, is_private = channel.key
    messages = hub.messages(channel.key)
    return {
        "id": f"{name}:{is_private}",
        "topic": name,
        "private": is_private,
        "opened_at": messages.opened_at.isoformat(),
        "messages": {
            "broadcast": messages.broadcast,
            "presence": messages.presence,
            "postgres_changes": messages.postgres_changes,
        },
        "members": 0,
        "presence": len(hub.presence_state(channel)),
        "connections": [],
    }


ROUTES: Final = [Route("/realtime", _show_realtime)]
