"""JSON of large values, in threads and member by member: the event loop goes on in between.

The standard encoder and decoder hold the interpreter for one whole call, also in a thread.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

_DEPTH: Final = 3
"""A context holds kept stages, whose results hold lists: each is a call of its own."""


def render(value: Any, depth: int = _DEPTH) -> str:
    """Return a value as JSON."""
    if depth and isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value).items()
        inside = ",".join(f"{json.dumps(name)}:{render(each, depth - 1)}" for name, each in members)
        return f"{{{inside}}}"
    if depth and isinstance(value, list):
        each = cast("list[Any]", value)
        return f"[{','.join(render(item, depth - 1) for item in each)}]"
    return json.dumps(value)


async def render_beside(value: Any) -> str:
    """Return a value as JSON, made in a thread."""
    return await asyncio.to_thread(render, value)


async def read_beside(texts: Iterable[str]) -> list[Any]:
    """Return the values of texts of JSON, read in a thread."""
    found: Sequence[str] = list(texts)
    return await asyncio.to_thread(lambda: [json.loads(text) for text in found])


async def read_members(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return an object whose members are texts of JSON, read in a thread."""
    return dict(zip(texts, await read_beside(texts.values()), strict=True))
