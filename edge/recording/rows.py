"""Turns what was captured into rows of the tables, without secrets; on the writer's thread."""

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import parse_qsl

from edge.events import RequestServed
from edge.logs.record import RequestRecord
from edge.recording.callers import CallerReader
from edge.recording.capture import Capture, Header
from edge.recording.redaction import Redaction
from edge.recording.semantics import describe_call

Row = tuple[Any, ...]

REQUEST_COLUMNS: Final = (
    "id",
    "parent_id",
    "execution_id",
    "kind",
    "function",
    "method",
    "path",
    "query",
    "status",
    "failed",
    "code",
    "error",
    "fingerprint",
    "started_at",
    "duration_ms",
    "cold",
    "role",
    "sub",
    "api_key",
    "claims",
    "request_bytes",
    "response_bytes",
    "replay_of",
    "attributes",
)
BODY_COLUMNS: Final = (
    "request_id",
    "started_at",
    "failed",
    "direction",
    "headers",
    "head",
    "truncated",
    "redacted",
)
LOG_COLUMNS: Final = (
    "at",
    "request_id",
    "execution_id",
    "source",
    "function",
    "level",
    "event_type",
    "text",
    "fields",
)

_LONGEST_TEXT: Final = 2000
CUT: Final = "…"
"""Ends a path of which only the beginning is stored; no path of HTTP has this character."""
OWN_READ: Final = (b"x-client-info", b"edge-console-read")
"""The header of what the console reads for its own pages."""
_MESSAGES: Final = ("message", "error", "msg", "error_description", "detail", "title", "hint")
_UNLISTED: Final = {OWN_READ: "read", (b"x-client-info", b"edge-poll"): "poll"}
"""Headers of what the list of requests leaves out by default, and what it is called there."""
_VARYING: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\b[0-9a-f]{16,}\b|\d+|'[^']*'|\"[^\"]*\"", re.IGNORECASE
)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)
_ENCODINGS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


@dataclass(frozen=True, slots=True)
class RowMaker:
    """Makes rows; what is a secret and who calls is its to know."""

    redaction: Redaction
    callers: CallerReader

    def request(self, capture: Capture, record: RequestRecord | None, thrown: str | None) -> Row:
        """Return the row of a request; `thrown` is the traceback of what it did not catch."""
        served, scope = capture.served, capture.scope
        status = served.status if served else capture.status
        code, error = describe_error(capture, status, record, thrown)
        error = error and self.redaction.redact_text(error)
        caller = self.callers.read(_headers_of_caller(capture))
        function = function_of(capture)
        return (
            capture.request_id,
            capture.parent_id,
            (served.execution_id if served else "") or None,
            capture.kind,
            _clean(function),
            scope["method"],
            _cut_path(capture.path),
            _clean(self.redaction.redact_query(scope["query_string"].decode("latin-1"))) or None,
            status,
            status >= 400,
            _clean(code),
            _clean(error),
            fingerprint(function or capture.kind, status, code, error) if status >= 400 else None,
            datetime.fromtimestamp(capture.started_at, UTC),
            round(capture.duration_ms, 3),
            served.is_cold if served else False,
            _clean(caller.role),
            _clean(caller.sub),
            caller.api_key,
            render_json(caller.claims) if caller.claims else None,
            capture.request_bytes,
            capture.response_bytes,
            capture.replay_of,
            self._describe(capture),
        )

    def _describe(self, capture: Capture) -> str | None:
        body = b"".join(capture.response_body)
        plain, _ = decompress(body, capture.response_headers, capture.limit)
        attributes = describe_call(capture, plain)
        if capture.messages:
            attributes |= capture.messages.describe()
        for header, name in _UNLISTED.items():
            if header in capture.scope["headers"]:
                attributes["edge.console"] = name
        return self.redaction.redact_shapes(render_json(attributes)) if attributes else None

    def bodies(self, capture: Capture) -> list[Row]:
        """Return the rows of the request and the response."""
        whole = capture.request_bytes <= capture.limit and capture.is_request_complete
        sides = (
            ("request", capture.scope["headers"], capture.request_body, not whole),
            (
                "response",
                capture.response_headers,
                capture.response_body,
                capture.response_bytes > capture.limit,
            ),
        )
        return [self._body(capture, *side) for side in sides]

    def _body(
        self,
        capture: Capture,
        direction: str,
        headers: Sequence[Header],
        parts: Sequence[bytes],
        is_truncated: bool,
    ) -> Row:
        body, was_cut = decompress(b"".join(parts), headers, capture.limit)
        head, is_redacted = self.redaction.redact_body(body, _header(headers, b"content-type"))
        status = capture.served.status if capture.served else capture.status
        return (
            capture.request_id,
            datetime.fromtimestamp(capture.started_at, UTC),
            status >= 400,
            direction,
            render_json(self.redaction.redact_headers(headers)),
            head,
            is_truncated or was_cut,
            is_redacted,
        )


def refused_row(event: RequestServed, now: float) -> Row:
    """Return the row of a failed request that was not captured, in a flood."""
    path = f"/functions/v1{event.path}"
    started_at = datetime.fromtimestamp(now - event.duration_ms / 1000, UTC)
    print_ = fingerprint(event.slug, event.status, event.code, None)
    known = (event.request_id, None, event.execution_id or None, "function", _clean(event.slug))
    answer = (event.status, True, event.code, None, print_, started_at, event.duration_ms)
    unknown = (None, None, None, None, 0, 0, None, None)
    request = (event.method, _cut_path(path), None)
    return (*known, *request, *answer, event.is_cold, *unknown)


def function_of(capture: Capture) -> str | None:
    """Return the name of the function that was asked for, None for services."""
    if capture.served:
        return capture.served.slug[:200]
    if capture.kind != "function":
        return None
    return capture.path.removeprefix("/functions/v1/").partition("/")[0][:200]


def describe_error(
    capture: Capture, status: int, record: RequestRecord | None, thrown: str | None
) -> tuple[str | None, str | None]:
    """Return the code and the text of what went wrong; None for what went well."""
    if status < 400:
        return None, None
    code = capture.served.code if capture.served else None
    if record and record.failure:
        return code or record.failure.code or None, record.failure.message or None
    if thrown:
        return code or thrown.rpartition("\n")[2].partition(":")[0], thrown.rpartition("\n")[2]
    answer = _parse_object(b"".join(capture.response_body))
    found = answer.get("error_code") or answer.get("code")
    code = code or (str(found) if isinstance(found, str | int) else None)
    texts = (answer.get(name) for name in _MESSAGES)
    nested = (cast("dict[str, Any]", t).get("message") if isinstance(t, dict) else t for t in texts)
    text = next((t for t in nested if isinstance(t, str) and t), None)
    return code, text and text[:_LONGEST_TEXT]


def fingerprint(function: str, status: int, code: str | None, error: str | None) -> str:
    """Return what errors of the same kind have in common."""
    text = _VARYING.sub("?", error or "")[:300]
    known = f"{function}|{status}|{code}|{text}"
    return hashlib.blake2s(clean_text(known).encode(), digest_size=8).hexdigest()


def decompress(body: bytes, headers: Iterable[Header], limit: int) -> tuple[bytes, bool]:
    """Return the body as it was before its content encoding, and whether it had to be cut."""
    encoding = _header(headers, b"content-encoding").strip().lower()
    if not encoding or encoding == "identity" or not body:
        return body, False
    if encoding not in _ENCODINGS:
        return b"", True
    try:
        unpacker = zlib.decompressobj(_ENCODINGS[encoding])
        plain = unpacker.decompress(body, limit)
    except zlib.error:
        return b"", True
    return plain, bool(unpacker.unconsumed_tail)


def render_json(value: Any) -> str:
    """Render for a jsonb column, which takes no NUL and no half of a surrogate pair."""
    text = _ENCODER.encode(value)
    return _clean(text.replace("\\u0000", "\\ufffd"))


def _parse_object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _header(headers: Iterable[Header], name: bytes) -> str:
    return next((v.decode("latin-1") for n, v in headers if n.lower() == name), "")


def clean_text(text: str) -> str:
    """Return the text as Postgres can store it."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _headers_of_caller(capture: Capture) -> Sequence[Header]:
    """Return the headers; browsers can send a WebSocket's key only in the query."""
    headers: Sequence[Header] = capture.scope["headers"]
    if not capture.messages:
        return headers
    query = parse_qsl(capture.scope["query_string"].decode("latin-1"), max_num_fields=100)
    keys = [(b"apikey", value.encode("latin-1", "replace")) for n, value in query if n == "apikey"]
    return [*headers, *keys[:1]]


def _cut_path(path: str) -> str:
    """Return a path as it is stored: the first 2,000 characters, marked if there are more."""
    cleaned = clean_text(path)
    return cleaned if len(cleaned) <= _LONGEST_TEXT else cleaned[:_LONGEST_TEXT] + CUT


def _clean(text: Any) -> Any:
    return clean_text(text) if isinstance(text, str) else text
