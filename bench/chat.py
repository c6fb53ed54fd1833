"""Chat: pings of 500 clients beside 50 active runs, memory a client; against Flask-SocketIO.

A ping is an event of namespace /chat with an acknowledgement, answered by the namespace's class.
Clients are bare WebSockets, so that their own share stays small. A run waits for its model.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import httpx
import websockets

from bench.pipeline import stack
from bench.support.machine import print_machine
from bench.support.statistics import Series, print_at_least, print_at_most
from tests.support.chat_server import chat_server, message
from tests.support.process_tree import family, proportional_bytes
from tests.support.processes import ROOT, free_port, running
from tests.support.waiting import wait_for

_PEERS: Final = ROOT / "bench/.peers/bin/python"
_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class Contender:
    """A server of namespace /chat."""

    name: str
    url: str
    pid: int


@dataclass(frozen=True, slots=True)
class Result:
    """Pings of all clients beside the runs, and bytes of memory that each client took."""

    pings: Series
    bytes_each: float


class _Client:
    """One Socket.IO client in namespace /chat over a WebSocket."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket

    @classmethod
    async def connect(cls, url: str) -> "_Client":
        """Connect and enter the namespace."""
        address = f"{url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
        socket = await websockets.connect(address, ping_interval=None, open_timeout=60)
        await socket.recv()
        await socket.send("40/chat,")
        await socket.recv()
        return cls(socket)

    async def ping(self) -> float:
        """Return the milliseconds until an event is acknowledged."""
        began = time.perf_counter()
        await self._socket.send('42/chat,1["reconnect",{}]')
        while True:
            text = await self._socket.recv()
            if text == "2":
                await self._socket.send("3")
            elif str(text).startswith("43/chat,1"):
                return (time.perf_counter() - began) * 1000

    async def start_run(self) -> None:
        """Send a message whose run waits for its model, and wait for its first output."""
        given = message("@sales_prompt_extractor", video_id="bench", collection_id="bench")
        await self._socket.send(f"42/chat,{json.dumps(['chat', given])}")
        while not str(await self._socket.recv()).startswith("42/chat,"):
            pass

    async def close(self) -> None:
        """Close the connection."""
        await self._socket.close()


@contextmanager
def contenders() -> Generator[tuple[Contender, Contender]]:
    """Serve ours and the peer; our runs' first model call never ends while they are measured."""
    with ExitStack() as exits:
        details = exits.enter_context(stack("process_transcript", "structured_data"))
        key = details["SERVICE_ROLE_KEY"]
        headers = {"apikey": details["SECRET_KEY"], "authorization": f"Bearer {key}"}
        with httpx.Client(base_url=details["API_URL"], headers=headers, timeout=60) as client:
            body = {"collection_id": "bench", "video_id": "bench", "transcript": "Ann: Hi\nBo: Hi"}
            client.post("/functions/v1/process-transcript", json=body).raise_for_status()
            for _ in range(200):
                fault = {"provider": "openai", "kind": "hang", "seconds": 120}
                client.post("/providers/_faults", json=fault).raise_for_status()
        ours = exits.enter_context(chat_server(details["API_URL"], key, details["DB_URL"]))
        port = free_port()
        command = [str(_PEERS), str(ROOT / "bench/peers/flask_chat.py"), str(port)]
        process = exits.enter_context(running(command))
        peer = f"http://127.0.0.1:{port}"
        wait_for(lambda: _is_up(peer))
        yield Contender("edge", ours.url, ours.pid), Contender("flask", peer, process.pid)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2).is_success
    except httpx.HTTPError:
        return False


async def measure(contender: Contender, clients: int, runs: int) -> Result:
    """Connect the clients, start the runs, and let each client ping in turn with 49 others."""
    before = proportional_bytes(family(contender.pid))
    connected: list[_Client] = []
    for _ in range(0, clients, 25):
        made = await asyncio.gather(*(_Client.connect(contender.url) for _ in range(25)))
        connected += made
    after = proportional_bytes(family(contender.pid))
    await asyncio.gather(*(client.start_run() for client in connected[:runs]))
    idle = connected[runs:]
    pings: list[float] = []
    for _ in range(_ROUNDS):
        for first in range(0, len(idle), 50):
            pings += await asyncio.gather(*(client.ping() for client in idle[first : first + 50]))
            await asyncio.sleep(0.05)
    await asyncio.gather(*(client.close() for client in connected))
    return Result(Series(contender.name, pings), (after - before) / clients)


def main() -> None:
    """Print pings and memory of both, and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--runs", type=int, default=50)
    options = parser.parse_args()
    print_machine()
    with contenders() as pair:
        ours, peer = (asyncio.run(measure(each, options.clients, options.runs)) for each in pair)
    for result in (ours, peer):
        print(f"{result.pings}   {result.bytes_each / 1000:6.1f} kB a client")
    print_at_most("ping beside runs, p99", ours.pings.p99, 50, "ms")
    print_at_most("memory of a client", ours.bytes_each / 1000, 60, "kB")
    ratio = peer.pings.p99 / ours.pings.p99
    print_at_least("ping, p99: times as fast as Flask-SocketIO", ratio, 3, "")
    memory = peer.bytes_each / ours.bytes_each
    print_at_least("memory of a client: times less than Flask-SocketIO's", memory, 3, "")


if __name__ == "__main__":
    main()
