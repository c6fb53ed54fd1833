"""The data API of a project over one database, as a process of its own: PORT DSN SECRET."""

import asyncio
import sys

import uvicorn

from edge.emulator.rest.app import RestApp
from edge.gateway.app import Gateway
from edge.tokens import Keys


async def main() -> None:
    """Serve until a signal arrives."""
    port, dsn, secret = sys.argv[1:]
    rest = RestApp(dsn, keys=Keys(secret))
    await rest.open()
    config = uvicorn.Config(
        Gateway({"/rest/v1": rest}, {}), port=int(port), lifespan="off", log_config=None
    )
    await uvicorn.Server(config).serve()
    await rest.close()


if __name__ == "__main__":
    asyncio.run(main())
