"""What users of the data API wait for: the first answer of a new process, and supabase-py."""

import http.client
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import supabase

from tests.support.processes import running

_DEADLINE: Final = 60
_PAUSE: Final = 0.002
_POINTS: Final = 200


def _entry(number: int) -> dict[str, str | int]:
    return {"title": "an entry", "pages": number}


def _pages(number: int) -> dict[str, int]:
    return {"pages": number}


Call = Callable[[Any, int], object]
# What supabase-py is asked for, with the number of a row.
CALLS: Final[Mapping[str, Call]] = {
    "select by key": lambda client, number: (
        client.table("books").select("*").eq("id", number).execute()
    ),
    "select 100 rows": lambda client, number: (
        client.table("books").select("*").gt("id", number).order("id").limit(100).execute()
    ),
    "select with embed": lambda client, number: (
        client.table("books").select("id,title,authors(name)").eq("id", number).execute()
    ),
    "insert": lambda client, number: client.table("entries").insert(_entry(number)).execute(),
    "update": lambda client, number: (
        client.table("books").update(_pages(number)).eq("id", number).execute()
    ),
    "rpc": lambda client, number: client.rpc("add", {"a": number, "b": 2}).execute(),
}


def time_first_answer(
    command: Sequence[str],
    folder: Path,
    port: int,
    path: str,
    variables: Mapping[str, str],
    headers: Mapping[str, str],
) -> float:
    """Return the milliseconds from the start of a process to its first 200 at `path`."""
    began = time.perf_counter()
    with running(command, folder, **variables):
        deadline = time.monotonic() + _DEADLINE
        while not _is_answered(port, path, headers):
            if time.monotonic() > deadline:
                raise SystemExit(f"no answer of {command} at {path} within {_DEADLINE} s")
            time.sleep(_PAUSE)
        return (time.perf_counter() - began) * 1000


def _is_answered(port: int, path: str, headers: Mapping[str, str]) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_DEADLINE)
    try:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return response.status == 200


def time_calls(port: int, key: str, call: Call) -> list[float]:
    """Return the milliseconds of each of the client's calls, one after the other."""
    client = supabase.create_client(f"http://127.0.0.1:{port}", key)
    times: list[float] = []
    for number in range(1, _POINTS + 1):
        began = time.perf_counter()
        call(client, number)
        times.append((time.perf_counter() - began) * 1000)
    return times
