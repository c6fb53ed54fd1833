"""Its workers die as soon as they listen."""

import os
import threading

threading.Timer(0.05, os._exit, (9,)).start()


async def main(request: object) -> str:
    return "sometimes"
