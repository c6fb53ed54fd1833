"""Request bodies that are read whole, up to a size."""

from starlette.requests import Request


class BodyTooLongError(Exception):
    """The body has more bytes than are read."""


async def read_at_most(request: Request, limit: int) -> bytes:
    """Return the body. Raises BodyTooLongError before many more than `limit` bytes are held."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise BodyTooLongError
    return bytes(body)
