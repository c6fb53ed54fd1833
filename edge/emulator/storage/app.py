"""The storage service as an ASGI app: its routes and its error responses.

Follows supabase/storage (src/http); the gateway strips `/storage/v1`.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from edge.emulator.storage.config import StorageConfig
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.database import Database, Pools
from edge.emulator.storage.errors import StorageError, storage_error
from edge.emulator.storage.files import FileStore
from edge.emulator.storage.responses import Json
from edge.emulator.storage.resumable import ResumableStore
from edge.emulator.storage.routes import buckets, listing, objects, render, signed, transfer, tus
from edge.emulator.storage.routes.s3 import dispatch as s3
from edge.emulator.storage.sweeping import sweep_hourly
from edge.emulator.storage.transform import Transformer

Handler = Callable[[StorageContext, Request], Awaitable[Response]]

_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("POST", "/bucket", buckets.create_bucket),
    ("GET", "/bucket", buckets.list_buckets),
    ("GET", "/bucket/{bucket}", buckets.show_bucket),
    ("PUT", "/bucket/{bucket}", buckets.change_bucket),
    ("DELETE", "/bucket/{bucket}", buckets.delete_bucket),
    ("POST", "/bucket/{bucket}/empty", buckets.empty_bucket),
    ("POST", "/object/move", transfer.move_object),
    ("POST", "/object/copy", transfer.copy_object),
    ("POST", "/object/list/{bucket}", listing.list_objects),
    ("POST", "/object/list-v2/{bucket}", listing.list_objects_v2),
    ("POST", "/object/sign/{bucket}", signed.sign_urls),
    ("POST", "/object/sign/{bucket}/{path:path}", signed.sign_url),
    ("GET", "/object/sign/{bucket}/{path:path}", signed.download_signed),
    ("POST", "/object/upload/sign/{bucket}/{path:path}", signed.sign_upload),
    ("PUT", "/object/upload/sign/{bucket}/{path:path}", signed.upload_signed),
    ("GET", "/object/info/public/{bucket}/{path:path}", objects.show_public_info),
    ("GET", "/object/info/authenticated/{bucket}/{path:path}", objects.show_info),
    ("GET", "/object/info/{bucket}/{path:path}", objects.show_info),
    ("GET", "/object/public/{bucket}/{path:path}", objects.download_public),
    ("GET", "/object/authenticated/{bucket}/{path:path}", objects.download),
    ("GET", "/object/{bucket}/{path:path}", objects.download),
    ("POST", "/object/{bucket}/{path:path}", objects.create_object),
    ("PUT", "/object/{bucket}/{path:path}", objects.replace_object),
    ("DELETE", "/object/{bucket}/{path:path}", objects.delete_object),
    ("DELETE", "/object/{bucket}", objects.delete_objects),
    ("GET", "/render/image/authenticated/{bucket}/{path:path}", render.render_authenticated),
    ("GET", "/render/image/public/{bucket}/{path:path}", render.render_public),
    ("GET", "/render/image/sign/{bucket}/{path:path}", render.render_signed),
)

_RESUMABLE: Final = (
    ("/upload/resumable", ("POST", "OPTIONS")),
    ("/upload/resumable/", ("POST", "OPTIONS")),
    ("/upload/resumable/sign", ("POST", "OPTIONS")),
    ("/upload/resumable/sign/{id}", ("HEAD", "PATCH", "DELETE", "OPTIONS")),
    ("/upload/resumable/{id}", ("HEAD", "PATCH", "DELETE", "OPTIONS")),
)

_FOLLOWED: Final = "1.69.11"  # the version of storage-api that this follows
_S3: Final = ("/s3", "/s3/", "/s3/{bucket}", "/s3/{bucket}/", "/s3/{bucket}/{key:path}")
_S3_VERBS: Final = ("GET", "HEAD", "PUT", "POST", "DELETE")


def create_storage_app(pools: Pools, config: StorageConfig) -> Starlette:
    """Return the app; files are kept below the configuration's folder."""
    files = FileStore(config.folder, durable=config.durable)
    resumable = ResumableStore(config.folder / "resumable", files)
    transformer = Transformer(files)
    context = StorageContext(config, Database(pools), files, resumable, transformer)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        sweeper = asyncio.create_task(sweep_hourly(context))
        yield
        sweeper.cancel()
        transformer.close()

    return Starlette(
        lifespan=lifespan,
        routes=[
            *(Route(path, _show_health) for path in ("/status", "/health")),
            Route("/version", _show_version),
            *(
                Route(path, partial(handler, context), methods=[verb])
                for verb, path, handler in _ROUTES
            ),
            *(
                Route(path, partial(tus.handle, context), methods=list(verbs))
                for path, verbs in _RESUMABLE
            ),
            *(Route(path, partial(s3.handle, context), methods=list(_S3_VERBS)) for path in _S3),
        ],
        exception_handlers={
            StorageError: _render_error,
            HTTPException: _render_missing,
            ClientDisconnect: _render_disconnect,
            Exception: _render_crash,
        },
    )


async def _show_health(request: Request) -> Response:
    del request
    return PlainTextResponse("")


async def _show_version(request: Request) -> Response:
    del request
    return PlainTextResponse(_FOLLOWED)


async def _render_error(request: Request, exc: Exception) -> Response:
    error = exc if isinstance(exc, StorageError) else storage_error("InternalError")
    if request.method == "HEAD":
        return Response(status_code=error.status, media_type=Json.media_type)
    return Json(error.body(), error.status)


async def _render_missing(request: Request, exc: Exception) -> Response:
    del exc
    message = f"Route {request.method}:{request.url.path} not found"
    return Json({"message": message, "error": "Not Found", "statusCode": 404}, 404)


async def _render_disconnect(request: Request, exc: Exception) -> Response:
    del request, exc
    return Response(status_code=499)


async def _render_crash(request: Request, exc: Exception) -> Response:
    """Render a 500 without details; Starlette logs the traceback."""
    del exc
    return await _render_error(request, storage_error("InternalError"))
