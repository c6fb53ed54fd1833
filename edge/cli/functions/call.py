"""One HTTP request to a function; prints the response as it arrives."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from edge.cli.console import print_json, remark
from edge.errors import EdgeError
from edge.project.hosted import LOOPBACK

_NO_JSON: Final = object()


@dataclass(frozen=True, slots=True)
class Call:
    """Request to send; `timeout` is in seconds, for connecting and for each read."""

    url: str
    method: str
    headers: Sequence[tuple[str, str]]
    body: bytes | None
    timeout: float


def parse_header(text: str) -> tuple[str, str]:
    """Parse `Name: value` of the command line. Raises EdgeError if it is not a header."""
    name, separator, value = text.partition(":")
    if not separator or not name.strip() or not text.isprintable():
        raise EdgeError(f"{text!r} is not a header.", cure="Like -H 'x-region: eu-west-1'")
    return name.strip().lower(), value.strip()


def read_body(source: str | None) -> bytes | None:
    """Return the body that --data names: the text, @FILE, or - for standard input."""
    if source is None:
        return None
    if source == "-":
        return sys.stdin.buffer.read()
    if not source.startswith("@"):
        return source.encode("utf-8", "surrogateescape")
    try:
        return Path(source[1:]).read_bytes()
    except OSError as exc:
        raise EdgeError(f"{source[1:]} cannot be read: {exc.strerror}") from exc


def perform(call: Call, *, as_json: bool) -> bool:
    """Send the request and print the response; return whether it is 2xx.

    Raises EdgeError if there is no response.
    """
    try:
        return _exchange(call, as_json=as_json)
    except httpx.ConnectError as exc:
        raise EdgeError(
            f"There is no answer at {call.url}.", cure="Is the stack running? edge start"
        ) from exc
    except httpx.TimeoutException as exc:
        raise EdgeError(
            f"No response within {call.timeout:g} s.", cure="Wait longer: --timeout"
        ) from exc
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise EdgeError(f"The call failed: {exc or type(exc).__name__}") from exc


def _exchange(call: Call, *, as_json: bool) -> bool:
    headers = list(call.headers)
    if call.body is not None and all(name != "content-type" for name, _ in headers):
        headers.append(("content-type", _content_type(call.body)))
    started = time.perf_counter()
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    is_here = urlsplit(call.url).hostname in LOOPBACK  # loopback is never called through a proxy
    with (
        httpx.Client(timeout=call.timeout, trust_env=not is_here) as client,
        client.stream(call.method, call.url, headers=encoded, content=call.body) as reply,
    ):
        if as_json:
            reply.read()
            print_json(_document(reply, time.perf_counter() - started))
            return reply.is_success
        elapsed_ms = (time.perf_counter() - started) * 1000
        style = "green" if reply.is_success else "red"
        remark(f"{reply.status_code} {reply.reason_phrase} · {elapsed_ms:.0f} ms", style)
        _print_body(reply)
        return reply.is_success


def _content_type(body: bytes) -> str:
    return "text/plain; charset=utf-8" if _parse(body) is _NO_JSON else "application/json"


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return _NO_JSON


def _is_json(reply: httpx.Response) -> bool:
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")


def _document(reply: httpx.Response, seconds: float) -> dict[str, Any]:
    value = _parse(reply.content) if _is_json(reply) else _NO_JSON
    return {
        "status": reply.status_code,
        "duration_ms": round(seconds * 1000, 1),
        "headers": dict(reply.headers),
        "body": reply.text if value is _NO_JSON else value,
    }


def _print_body(reply: httpx.Response) -> None:
    """Print JSON indented on a terminal; copy anything else unchanged, as it arrives."""
    out = sys.stdout.buffer
    if sys.stdout.isatty() and _is_json(reply):
        value = _parse(reply.read())
        if value is not _NO_JSON:
            print_json(value)
            return
        out.write(reply.content)
    else:
        for piece in reply.iter_bytes():
            out.write(piece)
            out.flush()
    if sys.stdout.isatty():
        out.write(b"\n")
    out.flush()
