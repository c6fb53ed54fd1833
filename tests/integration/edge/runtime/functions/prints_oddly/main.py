"""Prints, logs and raises half of a surrogate pair, as a model's cut answer may hold it."""

import logging
import sys

from starlette.requests import Request

HALF = "half \ud83d"


async def main(request: Request) -> str:
    sys.stdout.write(HALF + "\n")
    sys.stderr.write(HALF + "\n")
    logging.getLogger("odd").error("%s", HALF)
    if request.query_params.get("do") == "raise":
        raise ValueError(HALF)
    return "printed"
