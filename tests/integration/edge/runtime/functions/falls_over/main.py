"""Its workers die of every request."""

import os


async def main(request: object) -> str:
    os._exit(9)
