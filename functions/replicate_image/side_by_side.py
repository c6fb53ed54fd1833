"""Work that goes on side by side, none of it cut short by what fails."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

R = TypeVar("R")


async def run_all(*work: Awaitable[R]) -> list[R]:
    """Return all results; what is raised first is raised once everything has ended."""
    results = await asyncio.gather(*work, return_exceptions=True)
    done: list[R] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done.append(result)
    return done
