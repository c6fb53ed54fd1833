"""A project of one table and one function that imports no library: its stack starts quickly."""

from pathlib import Path
from typing import Any

import httpx

from tests.support.waiting import PATIENCE

_MIGRATION = "create table notes (id text primary key);\n"
_FUNCTION = '''\
"""Store a note, then wait; report whether it was there before."""

import asyncio
import json
import os
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from starlette.responses import JSONResponse


async def main(request):
    note = await request.json()
    try:
        added = await asyncio.to_thread(_insert, note["id"])
    except HTTPError as error:
        return JSONResponse({"code": "DATA_API"}, error.code)
    await asyncio.sleep(note.get("seconds", 0))
    return {"reused": not added}


def _insert(id):
    key = os.environ["SUPABASE_SERVICE_ROLE_KEY"]
    headers = {
        "apikey": key,
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "prefer": "resolution=ignore-duplicates,return=representation",
    }
    url = os.environ["SUPABASE_URL"] + "/rest/v1/notes"
    with urlopen(Request(url, json.dumps({"id": id}).encode(), headers)) as response:
        return json.load(response)
'''


def create_notes_project(folder: Path) -> Path:
    """Write the project's files into an existing folder."""
    for name, text in {
        "supabase/migrations/20260101000000_create_notes.sql": _MIGRATION,
        "functions/notes/main.py": _FUNCTION,
    }.items():
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
    return folder


def add_note(details: dict[str, Any], note: str = "first", seconds: float = 0) -> httpx.Response:
    """Have the function store a note; it answers after `seconds`."""
    return httpx.post(
        details["API_URL"] + "/functions/v1/notes",
        headers={"authorization": f"Bearer {details['SERVICE_ROLE_KEY']}"},
        json={"id": note, "seconds": seconds},
        timeout=PATIENCE,
    )
