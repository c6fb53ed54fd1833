"""GET /settings: URLs, keys, versions, limits; POST /settings/secrets shows the secret keys."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.audit import record
from edge.console_api.context import ConsoleContext, context_of

_PACKAGES: Final = ("edge-functions", "nicegui", "starlette", "functions-framework", "supabase")


async def _show_settings(request: Request) -> Response:
    context = context_of(request)
    settings = context.settings
    url = settings.api_url
    answer: dict[str, Any] = {
        "project": settings.root.name,
        "folder": str(settings.root),
        "urls": {
            "API": url,
            "Functions": f"{url}/functions/v1",
            "Data API": f"{url}/rest/v1",
            "Auth": f"{url}/auth/v1",
            "Storage": f"{url}/storage/v1",
            "Storage by S3": f"{url}/storage/v1/s3",
            "Realtime": f"{url.replace('http', 'ws', 1)}/realtime/v1",
            "Mail": f"{url}/mail",
            "Metrics": f"{url}/metrics",
        },
        "keys": {"Publishable key": settings.publishable_key, "Anon key": settings.anon_key},
        "secret_names": ["Secret key", "Service role key", "JWT secret", "Database URL"],
        "secrets_set": sorted(settings.secrets),
        "ignored_secrets": list(settings.ignored),
        "versions": {"Python": platform.python_version(), **_versions()},
        "limits": {
            "Functions' limits": settings.limits,
            "Policy": settings.policy,
            "Rows of one answer": settings.max_rows,
            "Exposed schemas": ", ".join(settings.schemas),
            "Largest file (bytes)": settings.config.storage.file_size_limit,
        },
    }
    if settings.has_database:
        answer["versions"]["Postgres"] = await _postgres_version(context)
    return JSONResponse(answer)


async def _show_secrets(request: Request) -> Response:
    context = context_of(request)
    await record(context, "settings.show_secrets", "keys")
    settings = context.settings
    return JSONResponse(
        {
            "Secret key": settings.secret_key,
            "Service role key": settings.service_role_key,
            "JWT secret": settings.jwt_secret,
            "Database URL": settings.db_url,
        },
        headers={"cache-control": "no-store"},
    )


async def _postgres_version(context: ConsoleContext) -> str:
    async with context.database() as connection:
        row = await (await connection.execute("show server_version")).fetchone()
    return str(row["server_version"]) if row else ""


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


ROUTES: Final = [
    Route("/settings", _show_settings),
    Route("/settings/secrets", _show_secrets, methods=["POST"]),
]
