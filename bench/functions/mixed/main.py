"""Imports what an AI function imports; waits as long as the request says, then echoes it."""

import asyncio
from typing import Any

import anthropic
import openai
import supabase
from starlette.requests import Request

CLIENTS = (supabase.AsyncClient, openai.AsyncOpenAI, anthropic.AsyncAnthropic)


async def main(request: Request) -> Any:
    """The body; `wait_ms` in it stands for a call to a model."""
    body = await request.json()
    if wait_ms := body["wait_ms"]:
        await asyncio.sleep(wait_ms / 1000)
    return body
