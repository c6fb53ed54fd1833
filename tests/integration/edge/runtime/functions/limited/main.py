"""Takes small bodies, and few of them a second."""

from starlette.requests import Request


async def main(request: Request) -> str:
    return str(len(await request.body()))
