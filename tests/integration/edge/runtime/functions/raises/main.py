"""Lets an exception out."""


async def main(_request: object) -> str:
    return str(1 // 0)
