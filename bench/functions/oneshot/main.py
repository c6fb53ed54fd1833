"""Imports what an AI function imports, and answers at once."""

import os

import anthropic
import openai
import supabase
from starlette.requests import Request


async def main(_request: Request) -> dict[str, object]:
    """The process that answers, and proof that the imports are real."""
    names = [supabase.AsyncClient, openai.AsyncOpenAI, anthropic.AsyncAnthropic]
    return {"pid": os.getpid(), "clients": [name.__name__ for name in names]}
