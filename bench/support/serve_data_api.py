"""Serve the data API behind the gateway, and nothing else: `serve_data_api PORT DSN SECRET KEY`."""

import socket
import sys

import uvloop

from edge.emulator.rest.app import RestApp
from edge.gateway.app import Gateway
from edge.gateway.server import Server
from edge.tokens import Keys, mint_api_key


async def _serve(port: int, dsn: str, secret: str, key: str) -> None:
    rest = RestApp(dsn, keys=Keys(secret))
    await rest.open()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
        tokens = {key: mint_api_key(secret, "anon")}
        await (await Server(Gateway({"/rest/v1": rest}, tokens)).start(listener))


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), *sys.argv[2:5]))
