"""Works on after its answer, and says what it hears of its end."""

import asyncio
import os

from shared.context import Context
from shared.endpoint import endpoint


async def work(seconds: float) -> None:
    await asyncio.sleep(seconds)
    print("background work is done")  # noqa: T201


def hear(reason: str) -> None:
    print(f"the end is near: {reason}")  # noqa: T201


@endpoint(methods=("POST",), auth="none")
async def main(ctx: Context) -> dict[str, object]:
    ctx.on_shutdown(hear)
    ctx.wait_until(work(float(ctx.request.query_params["seconds"])))
    return {"pid": os.getpid()}
