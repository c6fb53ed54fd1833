"""Routes of sessions, agents and the configuration check."""

import asyncio
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backend.chat.agents.registry import agents
from backend.chat.json_text import render_beside
from backend.chat.messages import TERMINAL, Id, Message, Output, Reference, new_id
from backend.chat.namespace import ChatNamespace
from backend.chat.routes.respond import (
    RefusedError,
    answering,
    owner_of,
    read_object,
    services_of,
)
from backend.chat.stores.store import SessionFullError, SessionNotFoundError, StoreError

_LONGEST_WAIT: Final = 300.0
_NOT_DELETED: Final = (
    "Neither the session nor its messages, context and runs were deleted: the database cannot be"
    " reached. Try again."
)
_CHOICES: Final = {
    "analysis_type": ("full", "sales_techniques", "communication"),
    "output_format": ("both", "structured", "text"),
}
_IDS: Final = {
    "session_id": "1 to 64 letters, digits or _ . : -; leave it out for a new session",
    "video_id": "the id of a video",
    "collection_id": "the id of a collection; leave it out for any",
}


class _Ids(BaseModel):
    session_id: Id | Literal[""] | None
    video_id: Annotated[Reference, Field(min_length=1)]
    collection_id: Reference | None = None


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
    """Answer a session with its messages; 404 for another user's.

    A browser that is connected follows it from now on.
    """
    store, owner = services_of(request).store, await owner_of(request)
    session_id: str = request.path_params["session_id"]
    cookies = request.headers.get("cookie", "")
    if cookies and await store.is_owner(session_id, owner):
        namespace: ChatNamespace = request.app.state.namespace
        await namespace.follow_of_browser(cookies, session_id, owner)
    found = await store.fetch_session(session_id, owner)
    if found is None:
        raise RefusedError(404, "Session not found.")
    return Response(await render_beside(found), media_type="application/json")


@answering
async def delete_session(request: Request) -> Any:
    """Delete a session with its messages; 404 for another user's. All of it is deleted, or none."""
    store, owner = services_of(request).store, await owner_of(request)
    try:
        deleted = await store.delete_session(request.path_params["session_id"], owner)
    except StoreError as exc:
        raise RefusedError(503, _NOT_DELETED) from exc
    if not deleted:
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

    Answers {status, message, data, session_id} once it has ended; 400 for other values, 404 for
    another user's session_id, 409 for that of a full session.
    """
    owner = await owner_of(request)
    message = _read_message(await read_object(request))
    services = services_of(request)
    output = Output(message.session_id, message.conv_id, f"o-{new_id()}")
    try:
        await services.store.begin(message, output.msg_id, owner)
    except SessionNotFoundError as exc:
        text = "Session not found: leave session_id out for a new one."
        raise RefusedError(404, text) from exc
    except SessionFullError as exc:
        text = "This session is full: leave session_id out for a new one."
        raise RefusedError(409, text) from exc
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


def _read_message(body: dict[str, Any]) -> Message:
    """Return the input that asks for the analysis. Raises RefusedError."""
    text = f"@sales_prompt_extractor {_read_options(body)}".strip()
    try:
        ids = _Ids.model_validate({**body, "session_id": body.get("session_id", "")})
    except ValidationError as exc:
        name = str(exc.errors()[0]["loc"][0])
        raise RefusedError(400, f"{name} must be {_IDS[name]}.") from exc
    given = {**ids.model_dump(), "session_id": ids.session_id or f"s-{new_id()}"}
    return Message.model_validate({**given, "content": [{"type": "text", "text": text}]})


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
                if not found:
                    raise RefusedError(404, "The session was deleted during its analysis.")
                if found[-1]["status"] in TERMINAL:
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
