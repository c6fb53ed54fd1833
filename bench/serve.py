"""The gateway and the runtime alone, without a database: `python -m bench.serve PORT [ROOT]`."""

import asyncio
import os
import sys
from pathlib import Path

import uvicorn

from edge.events import Event
from edge.gateway import FUNCTIONS, Gateway
from edge.runtime.app import FunctionsApp
from edge.runtime.config import RuntimeConfig
from edge.runtime.manifest import Function
from edge.settings import DEFAULT_JWT_SECRET
from edge.tokens import Keys


def environment(function: Function) -> dict[str, str]:
    """What a worker gets here: a path, and who it is."""
    return {"PATH": os.environ["PATH"], "SUPABASE_FUNCTION_SLUG": function.slug}


def observe(_event: Event) -> None:
    """Watch nothing."""


async def main(port: int, root: Path) -> None:
    """Serve until told to stop."""
    config = RuntimeConfig(root, Keys(DEFAULT_JWT_SECRET), reload=False)
    app = FunctionsApp(config, observe, environment, dict(os.environ))
    app.start()
    server = uvicorn.Config(
        Gateway({FUNCTIONS: app}, {}),
        port=port,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ws="none",
    )
    await uvicorn.Server(server).serve()
    await app.close()


if __name__ == "__main__":
    where = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parent
    with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
        runner.run(main(int(sys.argv[1]), where.resolve()))
