"""Functions: what is served, how it does, and its source; POST …/reload for new workers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.audit import record
from edge.console_api.context import ConsoleContext, context_of
from edge.console_api.errors import ApiError, not_found
from edge.console_api.status_of_functions import (
    NOTHING,
    describe_settings,
    read_series,
    read_totals,
    workers_of,
)
from edge.errors import EdgeError
from edge.project.layout import find_typescript
from edge.project.manifest import Function
from edge.smoke.check import FILE, checks_of, fill_text

_SKIPPED: Final = frozenset(("__pycache__", "node_modules"))
_MOST_FILES: Final = 500
_LONGEST_FILE: Final = 512 << 10
_MINUTES: Final = 24 * 60


async def _list_functions(request: Request) -> Response:
    context = context_of(request)
    async with context.database() as connection:
        totals = await read_totals(connection)
    python = [
        {"slug": slug, "kind": "python", "verify_jwt": function.manifest.verify_jwt}
        | {"schedule": function.manifest.schedule, "fault": function.fault}
        for slug, function in context.functions.functions.items()
    ]
    other = [
        {"slug": slug, "kind": "typescript", "verify_jwt": True, "schedule": None, "fault": None}
        for slug in find_typescript(context.settings.root, context.settings.config.functions)
    ]
    data = [each | dict(totals.get(str(each["slug"]), NOTHING)) for each in python + other]
    return JSONResponse({"data": data, "next": None})


async def _show_function(request: Request) -> Response:
    context = context_of(request)
    function = _find(context, request.path_params["slug"])
    slug = function.slug
    async with context.database() as connection:
        totals = (await read_totals(connection)).get(slug, dict(NOTHING))
        series = await read_series(connection, slug, _MINUTES)
    files = await run_in_threadpool(lambda: list(_files(function.folder)))
    return JSONResponse(
        {"slug": slug, "kind": "python", "verify_jwt": function.manifest.verify_jwt}
        | totals
        | describe_settings(context, function)
        | {
            "url": f"{context.settings.api_url}/functions/v1/{slug}",
            "files": files,
            "samples": await run_in_threadpool(_samples, function),
            "workers": workers_of(context, slug),
            "series": series,
        }
    )


async def _show_file(request: Request) -> Response:
    context = context_of(request)
    function = _find(context, request.path_params["slug"])
    name = request.path_params["path"]
    if name not in await run_in_threadpool(lambda: list(_files(function.folder))):
        raise not_found(f"file {name[:200]}", "See `files` of the function.")
    path = function.folder / name
    if path.stat().st_size > _LONGEST_FILE:
        raise ApiError(413, "FILE_TOO_LARGE", f"{name} has more than 512 KB.", f"Open {path}.")
    content = await run_in_threadpool(path.read_bytes)
    text = content.decode("utf-8", "replace")
    return JSONResponse({"path": name, "text": text, "size": len(content)})


async def _reload(request: Request) -> Response:
    context = context_of(request)
    slug = _find(context, request.path_params["slug"]).slug
    await record(context, "function.reload", slug)
    context.functions.reload(slug)
    return Response(status_code=204)


def _find(context: ConsoleContext, slug: str) -> Function:
    function = context.functions.functions.get(slug)
    if function is None:
        raise not_found(f"function {slug[:100]}", "See GET /functions.")
    return function


def _files(folder: Path) -> Iterator[str]:
    """Yield the function's own files; nothing hidden, such as .env, and nothing from elsewhere."""
    root = folder.resolve()
    count = 0
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") or part in _SKIPPED for part in parts):
            continue
        if path.is_file() and path.resolve().is_relative_to(root):
            count += 1
            if count > _MOST_FILES:
                return
            yield path.relative_to(folder).as_posix()


def _samples(function: Function) -> list[dict[str, Any]]:
    """Return requests to begin with: the checks of smoke.toml."""
    if not (function.folder / FILE).is_file():
        return []
    try:
        checks = checks_of(function)
    except EdgeError:
        return []
    callers = {"none": "none", "anon": "anon"}
    return [
        {
            "name": check.name,
            "method": check.method,
            "body": fill_text(check.body) if check.body is not None else None,
            "query": fill_text(check.query),
            "content_type": check.content_type,
            "as": callers.get(check.caller, "service_role"),
        }
        for check in checks
    ]


ROUTES: Final = [
    Route("/functions", _list_functions),
    Route("/functions/{slug}", _show_function),
    Route("/functions/{slug}/reload", _reload, methods=["POST"]),
    Route("/functions/{slug}/files/{path:path}", _show_file),
]
