"""Supabase's Management API on a free port: one project with keys and a pooler."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.serving import HttpServer, LoopThread

REF = "abcdefghijklmnopqrst"
TOKEN = "sbp_" + "0" * 40
LEGACY: list[dict[str, Any]] = [
    {"name": "anon", "type": "legacy", "api_key": "anon.of.project"},
    {"name": "service_role", "type": "legacy", "api_key": "service.of.project"},
]
PUBLISHABLE = {"name": "default", "type": "publishable", "api_key": "sb_publishable_one"}
SECRET = {
    "name": "default",
    "type": "secret",
    "api_key": "sb_secret_one",
    "secret_jwt_template": {"role": "service_role"},
}


@dataclass(slots=True)
class ManagementApi:
    """The project's keys, and the status of the next answers if not 200."""

    url: str = ""
    status: int = 200
    keys: list[dict[str, Any]] = field(default_factory=lambda: [*LEGACY, PUBLISHABLE, SECRET])

    async def api_keys(self, request: Request) -> Response:
        """Answer as the platform: values only with `reveal`."""
        if refusal := self._refuse(request):
            return refusal
        if request.query_params.get("reveal") != "true":
            return JSONResponse([{**key, "api_key": None} for key in self.keys])
        return JSONResponse(self.keys)

    async def pooler(self, request: Request) -> Response:
        if refusal := self._refuse(request):
            return refusal
        row = {"database_type": "PRIMARY", "db_user": f"postgres.{REF}", "db_name": "postgres"}
        return JSONResponse([{**row, "db_host": "pooler.test", "db_port": 6543}])

    def _refuse(self, request: Request) -> Response | None:
        if self.status != 200:
            return JSONResponse({"message": "no"}, self.status)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"message": "Unauthorized"}, 401)
        if request.path_params["ref"] != REF:
            return JSONResponse({"message": "Project not found"}, 404)
        return None


@contextmanager
def serving_management_api() -> Generator[ManagementApi]:
    """Serve it until the block ends."""
    thread, api = LoopThread(), ManagementApi()
    routes = [
        Route("/v1/projects/{ref}/api-keys", api.api_keys),
        Route("/v1/projects/{ref}/config/database/pooler", api.pooler),
    ]
    server = HttpServer(Starlette(routes=routes))
    thread.run(server.start())
    api.url = server.url
    try:
        yield api
    finally:
        thread.run(server.close())
        thread.close()
