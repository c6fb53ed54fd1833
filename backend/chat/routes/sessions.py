"""Routes of sessions, agents and the configuration check."""

import asyncio
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend.chat.agents.registry import agents
from backend.chat.json_text import render_beside
from backend.chat.messages import TERMINAL, Message, Output, new_id
from backend.chat.routes.respond import (
    RefusedError,
    answering,
    owner_of,
    read_object,
    services_of,
)

_LONGEST_WAIT: Final = 300.0
_CHOICES: Final = {
    "analysis_type": ("full", "sales_techniques", "communication"),
    "output_format": ("both", "structured", "text"),
}


@answering
async def check_configuration(request: Request) -> Any:
    """Answer whether each part works; the client shows its set-up screen unless all are true."""
    services = services_of(request)
    library, database = await asyncio.gather(services.library.check(), services.store.check())
    return {"videodb_configured": library, "llm_configured": library, "db_configured": database}


@answering
async def list_sessions(request: Request) -> Any:
    """Answer the caller's sessions, newest first."""
    return await services_of(request).store.list_sessions(await owner_of(request))


@answering
async def read_session(request: Request) -> Any:
    """Answer a session with its messages; 404 for another user's."""
    store = services_of(request).store
    found = await store.fetch_session(request.path_params["session_id"], await owner_of(request))
    if found is None:
        raise RefusedError(404, "Session not found.")
    return Response(await render_beside(found), media_type="application/json")


@answering
async def delete_session(request: Request) -> Any:
    """Delete a session with its messages; 404 for another user's."""
    store = services_of(request).store
    if not await store.delete_session(request.path_params["session_id"], await owner_of(request)):
        raise RefusedError(404, "Session not found.")
    return {"message": "Session deleted successfully."}


@answering
async def list_agents(_request: Request) -> Any:
    """Answer the agents that @name chooses."""
    return [
        {"name": each.name, "description": each.description, "parameters": dict(each.parameters)}
        for each in agents().values()
    ]


@answering
async def write_sales_prompt(request: Request) -> Any:
    """Run @sales_prompt_extractor for {video_id, collection_id?, analysis_type?, output_format?}.

    Answers {status, message, data, session_id} once it has ended; 400 for other values.
    """
    owner = await owner_of(request)
    body = await read_object(request)
    if not isinstance(body.get("video_id"), str) or not body["video_id"]:
        raise RefusedError(400, "video_id must be the id of a video.")
    options = _read_options(body)
    message = Message.model_validate(
        {
            "session_id": body.get("session_id") or f"s-{new_id()}",
            "video_id": body["video_id"],
            "collection_id": body.get("collection_id"),
            "content": [{"type": "text", "text": f"@sales_prompt_extractor {options}".strip()}],
        }
    )
    services = services_of(request)
    output = Output(message.session_id, message.conv_id, f"o-{new_id()}")
    await services.store.begin(message, output.msg_id, owner)
    await services.emitter.publish(output.render())
    services.runner.wake()
    ended = await _wait(request, message, owner)
    keys = ("analysis", "structured_data", "voice_prompt", "training_data")
    return {
        "status": ended["status"],
        "message": ended.get("message") or "Analysis finished.",
        "data": {key: ended[key] for key in keys if key in ended},
        "session_id": message.session_id,
    }


def _read_options(body: dict[str, Any]) -> str:
    for option, choices in _CHOICES.items():
        if option in body and body[option] not in choices:
            raise RefusedError(400, f"{option} must be one of {', '.join(choices)}.")
    return " ".join(f"{option}={body[option]}" for option in _CHOICES if option in body)


async def _wait(request: Request, message: Message, owner: str | None) -> dict[str, Any]:
    store = services_of(request).store
    try:
        async with asyncio.timeout(_LONGEST_WAIT):
            while True:
                found = await store.fetch_outputs(
                    message.session_id, owner, conv_id=message.conv_id
                )
                if found and found[-1]["status"] in TERMINAL:
                    return found[-1]
                await asyncio.sleep(0.2)
    except TimeoutError as exc:
        raise RefusedError(
            504, f"The analysis goes on; read session {message.session_id} later."
        ) from exc


ROUTES: Final = [
    Route("/config/check", check_configuration),
    Route("/session", list_sessions),
    Route("/session/{session_id}", read_session),
    Route("/session/{session_id}", delete_session, methods=["DELETE"]),
    Route("/agent", list_agents),
    Route("/agent/sales-prompt", write_sales_prompt, methods=["POST"]),
]
