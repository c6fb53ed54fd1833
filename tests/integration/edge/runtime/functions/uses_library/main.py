"""Imports a library that the zygote imports for it."""

import os
import sys

import jwt
from starlette.requests import Request


async def main(request: Request) -> dict[str, object]:
    return {"pid": os.getpid(), "jwt": jwt.__name__, "has_jwt": "jwt" in sys.modules}
