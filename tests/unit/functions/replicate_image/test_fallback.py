"""Jobs that are drawn at the same time, against a provider that is slow."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.replicate_image.fallback import fall_back
from shared.auth.authenticate import Principal
from shared.context import Context
from shared.database.clients import close_http_pools
from shared.env import read_env
from shared.replicate.env import ReplicateEnv
from shared.runtime.log import RequestLog
from tests.support.serving import HttpServer, LoopThread
from tests.support.waiting import PATIENCE

MODEL = {
    "id": "m",
    "model_key": "test/model",
    "version": "0" * 64,
    "model_family": "rv51",
    "input_defaults": {},
    "capabilities": {},
    "api_providers": {"name": "replicate", "is_active": True},
}


@dataclass
class Site:
    """A data API with four claimed jobs, and a provider that answers once it has two requests."""

    refused: str = ""
    """The job whose report the database refuses."""
    waiting: int = 0
    both: asyncio.Event = field(default_factory=asyncio.Event)
    reported: list[str] = field(default_factory=list[str])

    async def models(self, _: Request) -> Response:
        return JSONResponse([MODEL])

    async def claim(self, _: Request) -> Response:
        return JSONResponse([{"job_id": name, "prompt": name} for name in "abcd"])

    async def report(self, request: Request) -> Response:
        job_id = (await request.json())["job_id"]
        if job_id == self.refused:
            return JSONResponse({"code": "40P01", "message": "deadlock detected"}, 500)
        self.reported.append(job_id)
        return JSONResponse({})

    async def create(self, request: Request) -> Response:
        prompt = (await request.json())["input"]["prompt"]
        self.waiting += 1
        if self.waiting > 1:
            self.both.set()
        await asyncio.wait_for(self.both.wait(), PATIENCE)
        return JSONResponse({"id": f"p{prompt}", "status": "starting"}, 201)


@contextmanager
def serving(site: Site) -> Iterator[Context]:
    thread = LoopThread()
    routes = [
        Route("/rest/v1/api_models", site.models),
        Route("/rest/v1/rpc/claim_replicate_jobs_v2", site.claim, methods=["POST"]),
        Route("/rest/v1/rpc/apply_media_callback_v1", site.report, methods=["POST"]),
        Route("/v1/predictions", site.create, methods=["POST"]),
    ]
    server = HttpServer(Starlette(routes=routes))
    thread.run(server.start())
    env = read_env({"SUPABASE_URL": server.url, "SUPABASE_SERVICE_ROLE_KEY": "secret"})
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": []})
    try:
        yield Context(request, Principal("secret"), env, RequestLog("r", "replicate-image"))
    finally:
        thread.run(server.close())
        thread.close()


async def run(ctx: Context) -> dict[str, int]:
    try:
        return await fall_back(ctx, ReplicateEnv("r8", ctx.env.supabase.url, ()))
    finally:
        await close_http_pools()


def test_a_slow_provider_is_sent_several_jobs_at_once() -> None:
    site = Site()
    with serving(site) as ctx:
        assert asyncio.run(run(ctx)) == {"claimed": 4, "started": 4}

    assert sorted(site.reported) == list("abcd")


def test_a_report_that_fails_cuts_no_other_job_short() -> None:
    site = Site(refused="a")
    with serving(site) as ctx, pytest.raises(Exception, match="deadlock"):
        asyncio.run(run(ctx))

    assert sorted(site.reported) == list("bcd")
