"""The queue as workers know it from Upstash's REST API, and the maintenance of jobs.

{this function's URL} is UPSTASH_REDIS_REST_URL, the service key UPSTASH_REDIS_REST_TOKEN, or a key
of the worker's own, which takes jobs and stores their files: see `edge worker key`.
GET or POST /COMMAND/ARGUMENT…, a POST's body being the last argument; POST / with ["COMMAND", …];
POST /pipeline and /multi-exec with an array of those. Authorization: Bearer, or ?_token=.
Header Upstash-Encoding: base64; X-Worker-Id names the worker in the job's row.
Commands: PING, LPUSH, RPUSH, LPOP, RPOP, LLEN, LRANGE, DEL, of sdxl_queue and wan_queue. Both ends
pop the message whose turn it is. A popped job is leased to the worker: it is another's after 300 s
(images) or 1,800 s (videos) without a callback. A paused queue pops null. DEL removes messages that
are no jobs.
POST /uploads/JOB_ID/FILE_NAME: {result: {url, path}}; a PUT to url stores a file of the job.
200 {result} · 400 {error: "ERR …"} · 401 {error: "Unauthorized"} · 403 · 404 · 503.
POST {"action": "reap"}, each half minute: jobs of lost workers are queued again, or fail.
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from shared.context import Context
from shared.endpoint import Answer, endpoint
from shared.errors import BadInputError, ForbiddenError, FunctionError, UnauthorizedError
from shared.http.body import read_bytes
from shared.queue.env import queue_env
from shared.runtime.log import RequestLog

from .commands import Commands
from .credentials import identify
from .jobs import reap
from .uploads import sign_upload
from .wire import encode, parse_body, parse_path

_MAX_BODY: Final = 1 << 20
_MOST_COMMANDS: Final = 100
_OF_WORKERS: Final = ("rpop", "lpop", "llen", "ping", "uploads")
"""What a worker may do with a key of its own, as paths."""
_REAP: Final = {"action": "reap"}


def _render_error(error: FunctionError, _log: RequestLog) -> Mapping[str, Any]:
    message = error.message
    if isinstance(error, BadInputError) and not message.startswith("ERR"):
        message = f"ERR {message}"
    return {"error": message}


@endpoint(auth="none", methods=("GET", "POST"), error_body=_render_error, timeout=60)
async def main(ctx: Context) -> Answer:
    """Let workers in, parse the command, run it."""
    try:
        name = await identify(ctx)
    except UnauthorizedError:
        raise UnauthorizedError("Unauthorized") from None
    body = await read_bytes(ctx.request, _MAX_BODY) if ctx.request.method == "POST" else b""
    worker = name or ctx.request.headers.get("x-worker-id", "")[:200] or None
    commands = Commands(ctx.env.supabase, queue_env(), worker)
    is_base64 = ctx.request.headers.get("upstash-encoding") == "base64"
    subpath = ctx.subpath.strip("/")
    if name is not None and subpath.partition("/")[0] not in _OF_WORKERS:
        raise ForbiddenError("A worker's own key pops jobs and stores their files.")
    match subpath:
        case _ if subpath.startswith("uploads/") and ctx.request.method == "POST":
            return {"result": await sign_upload(ctx, name, subpath)}
        case "" if ctx.request.method == "POST":
            document = parse_body(body)
            if document == _REAP:
                return await reap(ctx, queue_env())
            result = await commands.run(document)
            ctx.note(command=commands.last)
            return {"result": encode(result, is_base64)}
        case "pipeline" | "multi-exec" if ctx.request.method == "POST":
            return await _run_all(commands, parse_body(body), is_base64)
        case _:
            command = parse_path(ctx.request.scope, ctx.env.function, body)
            result = await commands.run(command)
            ctx.note(command=commands.last)
            return {"result": encode(result, is_base64)}


async def _run_all(commands: Commands, document: Any, is_base64: bool) -> Answer:
    """Run commands one after the other; the answer of one that fails is its error."""
    from starlette.responses import JSONResponse

    listed = cast("list[Any]", document) if isinstance(document, list) else None
    if listed is None or len(listed) > _MOST_COMMANDS:
        raise BadInputError(f"send an array of at most {_MOST_COMMANDS} commands")
    answers: list[dict[str, Any]] = []
    for command in listed:
        try:
            answers.append({"result": encode(await commands.run(command), is_base64)})
        except BadInputError as exc:
            answers.append({"error": exc.message})
    return JSONResponse(answers)
