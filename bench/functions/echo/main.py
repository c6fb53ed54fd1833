"""Answers with the JSON it was sent."""

from typing import Any

from starlette.requests import Request


async def main(request: Request) -> Any:
    """The body, parsed and rendered again."""
    return await request.json()
