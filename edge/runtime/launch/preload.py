"""What the zygote imports for everyone, and what only for functions that ask for it."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ALWAYS: Final = (
    "encodings.idna",
    "functions_framework.aio",
    "a2wsgi",
    "uvicorn",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.lifespan.off",
    "uvloop",
    "httptools",
    "pydantic",
    "anyio._backends._asyncio",
    "httpx",
    "httpcore",
    "httpcore2",
    "jwt",
    "jwt.algorithms",
    "opentelemetry.propagate",
    "truststore",
    "supabase",
    "openai",
    "openai.resources.responses",
    "openai.resources.responses.responses",
    "openai.resources.embeddings",
    "openai.resources.chat",
    "anthropic",
    "anthropic.resources.messages",
    "edge.runtime.worker.main",
)
BY_REQUIREMENT: Final = {
    "psycopg": ("psycopg", "psycopg_binary"),
    "phonenumbers": ("phonenumbers", "phonenumbers.timezone"),
    "retell-sdk": ("retell", "retell.resources.call"),
    "semantic-text-splitter": ("semantic_text_splitter",),
}
"""Modules that cost tens of megabytes or a second, and few functions need."""
_NAME: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)


def extras_for(folders: Iterable[Path]) -> list[str]:
    """The modules of BY_REQUIREMENT that a requirements.txt of these functions names."""
    files = (folder / "requirements.txt" for folder in folders)
    texts = (file.read_text(errors="replace") for file in files if file.is_file())
    named = {name.lower().replace("_", "-") for text in texts for name in _NAME.findall(text)}
    return [
        module for name in sorted(named & set(BY_REQUIREMENT)) for module in BY_REQUIREMENT[name]
    ]
