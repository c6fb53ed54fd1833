"""Serve Storage behind the gateway alone: `serve_storage PORT DSN FOLDER SECRET KEY`."""

import socket
import sys
from pathlib import Path

import uvloop

from edge.emulator.storage.app import create_storage_app
from edge.emulator.storage.config import StorageConfig
from edge.emulator.storage.database import create_pool
from edge.gateway.app import Gateway
from edge.gateway.server import Server
from edge.tokens import Keys, mint_api_key

_LIMIT = 1 << 30


async def _serve(port: int, dsn: str, folder: Path, secret: str, key: str) -> None:
    # The peer does not wait for the disk either.
    config = StorageConfig(Keys(secret), folder, file_size_limit=_LIMIT, durable=False)
    app = create_storage_app(create_pool(dsn), config)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
        tokens = {key: mint_api_key(secret, "service_role")}
        async with app.router.lifespan_context(app):
            await (await Server(Gateway({"/storage/v1": app}, tokens)).start(listener))


if __name__ == "__main__":
    _, port, dsn, folder, secret, key = sys.argv
    uvloop.run(_serve(int(port), dsn, Path(folder), secret, key))
