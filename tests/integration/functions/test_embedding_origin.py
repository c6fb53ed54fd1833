"""One text, two providers: vectors of one are never taken for vectors of the other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from edge.emulator.providers.app import create_app
from tests.conftest import RunningStack
from tests.support.served_function import ROOT, serve
from tests.support.serving import HttpServer, LoopThread

pytestmark = pytest.mark.e2e

TEXT = "\n".join(f"Ann: Point {n}, our product number {n} does help." for n in range(900))


@pytest.fixture
def providers() -> Iterator[str]:
    """Another server of models, at an address of its own and at one like the local stack's."""
    app = create_app()
    server = HttpServer(
        Starlette(routes=[Mount("/elsewhere", app=app), Mount("/providers", app=app)])
    )
    thread = LoopThread()
    thread.run(server.start())
    yield server.url
    thread.run(server.close())
    thread.close()


def call(
    stack: RunningStack, folder: Path, openai_url: str, body: dict[str, Any], log: Path
) -> dict[str, Any]:
    """One call of a function that asks the models at `openai_url`."""
    environment = {
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "OPENAI_BASE_URL": openai_url,
        "ANALYSIS_TOKEN_BUDGET": "4000",
    }
    with serve(folder, log, environment) as served:
        response = served.client.post("/", json=body, headers={"apikey": stack.service_role_key})
    assert response.status_code == 200, response.text
    return response.json()["data"]["result"]


def test_another_provider_embeds_again_and_another_port_does_not(
    stack: RunningStack, providers: str, tmp_path: Path
) -> None:
    folder = ROOT / "functions/process_transcript"
    body = {"collection_id": "origins", "video_id": str(uuid4()), "transcript": "Ann: Hello, Bob."}

    def process(url: str) -> bool:
        return call(stack, folder, url, body, tmp_path / "log")["reused"]

    assert process(f"{stack.url}/providers/openai/v1") is False
    assert process(f"{providers}/providers/openai/v1") is True
    assert process(f"{providers}/elsewhere/openai/v1") is False
    assert process(f"{providers}/elsewhere/openai/v1") is True


@pytest.mark.parametrize(("path", "retrieval"), [("elsewhere", "even"), ("providers", "search")])
def test_vectors_of_another_provider_are_not_searched(
    stack: RunningStack, providers: str, tmp_path: Path, path: str, retrieval: str
) -> None:
    body = {"collection_id": "origins", "video_id": str(uuid4()), "transcript": TEXT}
    video = stack.call("process-transcript", body).json()["data"]["video_id"]
    folder, url = ROOT / "functions/structured_data", f"{providers}/{path}/openai/v1"

    call(stack, folder, url, {"video_id": video}, tmp_path / "log")

    with psycopg.connect(stack.dsn) as connection:
        metadata = connection.execute(
            "select metadata from public.generated_outputs where video_id = %s", (video,)
        ).fetchall()
    assert {row["retrieval"] for (row,) in metadata} == {retrieval}
    assert {len(row["chunk_ids"]) for (row,) in metadata} == {4}
