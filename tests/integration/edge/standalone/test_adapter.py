"""Bundles of plain functions and event handlers, served as a platform serves them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from edge.deploy.bundle.build import build_bundle
from edge.testing import serve_process
from tests.support.paths import ROOT
from tests.support.waiting import PATIENCE

PLAIN = """\
import gc

import flask

def main(request):
    if request.path == "/fails":
        raise ValueError("boom")
    if request.path == "/frozen":
        return str(all(each is not main for each in gc.get_objects()))
    if request.path == "/tuple":
        return {"query": request.args.to_dict()}, 201, {"x-own": "1"}
    answer = flask.make_response(request.get_data() or request.method)
    answer.set_cookie("a", "1")
    answer.headers.add("set-cookie", "b=2")
    return answer
"""
EVENT = """\
import functions_framework{aio}

@functions_framework{aio}.cloud_event
{kind} on_event(event):
    print("got", event["type"], event.data["n"], flush=True)
    if event.data["n"] < 0:
        raise ValueError("boom")
"""
HEADERS = {"ce-id": "1", "ce-source": "/test", "ce-type": "sent", "ce-specversion": "1.0"}


@contextmanager
def serve(folder: Path, source: str) -> Iterator[tuple[httpx.Client, Path]]:
    """Serve the bundle of a function with this source."""
    function = folder / "project/functions/hello"
    function.mkdir(parents=True)
    (function / "main.py").write_text(source)
    (function / "function.toml").write_text('verify_jwt = false\nbody_limit = "1MB"\n')
    (function / "requirements.txt").write_text("functions-framework==3.10.2\n")
    for path, content in build_bundle(folder / "project", "hello").files.items():
        target = folder / "bundle" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    variables = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    with (
        serve_process(folder / "bundle/main.py", variables, folder / "log") as served,
        httpx.Client(base_url=served.url, timeout=PATIENCE) as client,
    ):
        yield client, folder / "log"


def test_a_plain_function_is_served_as_flask_serves_it(tmp_path: Path) -> None:
    with serve(tmp_path, PLAIN) as (client, _):
        assert client.post("/", content=b"\x00\xff").content == b"\x00\xff"
        assert client.get("/").headers.get_list("set-cookie") == ["a=1; Path=/", "b=2"]
        answer = client.put("/tuple?x=1&y=%20")
        assert (answer.status_code, answer.headers["x-own"]) == (201, "1")
        assert answer.json() == {"query": {"x": "1", "y": " "}}
        assert client.get("/fails").status_code == 500
        assert client.post("/", content=b"x" * (1 << 20) + b"x").status_code == 413
        assert client.get("/").headers["x-served-by"] == "edge-functions"
        assert client.get("/frozen").text == "True"  # no full collection looks at it again


@pytest.mark.parametrize(("aio", "kind"), [("", "def"), (".aio", "async def")])
def test_an_event_handler_gets_events(tmp_path: Path, aio: str, kind: str) -> None:
    with serve(tmp_path, EVENT.format(aio=aio, kind=kind)) as (client, log):
        assert client.post("/", json={"n": 5}, headers=HEADERS).text == "OK"
        assert "got sent 5" in log.read_text()
        assert client.post("/", json={"n": -1}, headers=HEADERS).status_code == 500
        assert client.post("/", json={"n": 1}).status_code == 400
