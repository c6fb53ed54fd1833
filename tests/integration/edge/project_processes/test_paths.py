"""Paths that a process of the project answers, where it does not listen or breaks off."""

import socket
from collections.abc import Iterator
from threading import Thread

import httpx
import pytest

from edge.gateway.app import Gateway
from edge.gateway.upgrades import Factory, route_upgrades
from edge.project_processes.paths import ProcessPaths
from tests.support.processes import free_port
from tests.support.serving import HttpServer, LoopThread
from tests.support.waiting import PATIENCE

UPGRADE = b"GET /web HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"


@pytest.fixture
def process() -> Iterator[socket.socket]:
    """What listens in place of a process."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def serve(thread: LoopThread, app: ProcessPaths) -> HttpServer:
    sockets: dict[str, Factory] = {"/web": app.open_socket}
    gateway = Gateway({}, {}, others={"/web": app})
    server = HttpServer(gateway, ws=route_upgrades(sockets, lambda: None))
    thread.run(server.start())
    return server


@pytest.mark.parametrize("is_started", [True, False])
def test_one_that_does_not_listen_is_503(is_started: bool) -> None:
    thread, port = LoopThread(), free_port()
    app = ProcessPaths("web", lambda: port if is_started else None)
    server = serve(thread, app)
    try:
        answer = httpx.get(f"{server.url}/web", timeout=PATIENCE)
        url = httpx.URL(server.url)
        with socket.create_connection((url.host, url.port or 0), PATIENCE) as client:
            client.sendall(UPGRADE)
            refusal = client.makefile("rb").read()
    finally:
        thread.run(server.close())
        thread.run(app.close())
        thread.close()

    assert (answer.status_code, answer.json()["code"]) == (503, "PROCESS_UNAVAILABLE")
    assert "edge status" in answer.json()["message"]
    assert refusal.startswith(b"HTTP/1.1 503 ")


def test_one_that_breaks_off_is_502(process: socket.socket) -> None:
    thread = LoopThread()
    app = ProcessPaths("web", lambda: process.getsockname()[1])
    server = serve(thread, app)
    try:
        with httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
            process.settimeout(PATIENCE)
            hanging_up = Thread(target=lambda: process.accept()[0].close())
            hanging_up.start()
            answer = client.get("/web")
            hanging_up.join()
    finally:
        thread.run(server.close())
        thread.run(app.close())
        thread.close()

    assert (answer.status_code, answer.json()["code"]) == (502, "PROCESS_UNAVAILABLE")
