"""Read an upload's body: its type, its metadata, and its bytes as a stream.

A body is raw, or a form whose fields come before its file, as both clients send it. The bytes are
never in memory as a whole, unless they are few.
"""

import base64
import binascii
import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from edge.emulator.dense_json import loads
from edge.emulator.storage.errors import invalid_request, storage_error

SMALL: Final = 256 * 1024
DEFAULT_TYPE: Final = "application/octet-stream"
_MAX_METADATA: Final = 1024 * 1024
_MAX_FIELDS: Final = 10
_MAX_PARTS: Final = 100
_MAX_HEADERS: Final = 8 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """An object that is being sent; `size` in bytes where it is declared.

    Its ETag is the MD5 if it comes by the S3 protocol.
    """

    content_type: str
    cache_control: str
    user_metadata: dict[str, Any] | None
    size: int | None
    chunks: AsyncIterator[bytes]
    is_s3: bool = False


async def read_upload(request: Request) -> Upload:
    """Read the body up to the first byte of the file. Raises InvalidRequest."""
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        return await _read_form(request)
    declared = request.headers.get("content-length", "")
    return Upload(
        content_type or DEFAULT_TYPE,
        request.headers.get("cache-control") or "no-cache",
        decode_header(request.headers.get("x-metadata")),
        int(declared) if re.fullmatch(r"[0-9]{1,18}", declared) else None,
        request.stream(),
    )


async def take_small(incoming: Upload) -> tuple[Upload, bytes | None]:
    """Return the bytes of an upload up to 256 KB; a larger one stays a stream, from its start."""
    if incoming.size is not None and incoming.size > SMALL:
        return incoming, None
    pieces: list[bytes] = []
    size = 0
    async for piece in incoming.chunks:
        pieces.append(piece)
        size += len(piece)
        if size > SMALL:
            return replace(incoming, chunks=_resume(pieces, incoming.chunks)), None
    return incoming, b"".join(pieces)


async def _resume(pieces: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces that were read, then the rest."""
    while pieces:
        yield pieces.pop(0)
    async for piece in rest:
        yield piece


@dataclass(frozen=True, slots=True)
class SentForm:
    """A form up to its file: the fields before it, its name and type, and its bytes."""

    fields: dict[str, str]
    file_name: str
    file_type: str
    chunks: AsyncIterator[bytes]


async def read_form(request: Request, most: int = _MAX_FIELDS) -> SentForm:
    """Read a form's fields, at most `most`, up to its file. Raises InvalidRequest."""
    _, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if not boundary:
        raise invalid_request("Multipart: Boundary not found")
    form = _Form(boundary, most)
    body = request.stream()
    async for data in body:
        form.feed(data)
        if form.has_file:
            break
    if not form.has_file:
        raise invalid_request("No file provided")
    return SentForm(form.fields, form.file_name, form.file_type, form.stream(body))


async def _read_form(request: Request) -> Upload:
    form = await read_form(request)
    fields = form.fields
    cache = fields.get("cacheControl", "")
    metadata = fields.get("metadata") or fields.get("userMetadata")
    return Upload(
        fields.get("contentType") or form.file_type or DEFAULT_TYPE,
        f"max-age={cache}" if cache.isdigit() else cache or "no-cache",
        _parse_metadata(metadata) if metadata else None,
        None,
        form.chunks,
    )


def decode_header(value: str | None) -> dict[str, Any] | None:
    """Return the user metadata of the header x-metadata: base64 of a JSON object."""
    if not value:
        return None
    try:
        return _parse_metadata(base64.b64decode(value).decode())
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise invalid_request("x-metadata must be base64 of a JSON object") from exc


def _parse_metadata(text: str) -> dict[str, Any]:
    """Parse user metadata. Raises EntityTooLarge over 1 MB, InvalidRequest for other JSON."""
    if len(text) > _MAX_METADATA:
        raise storage_error("EntityTooLarge")
    try:
        value = loads(text)
    except ValueError as exc:
        raise invalid_request("The user metadata is not valid JSON") from exc
    if not isinstance(value, dict):
        raise invalid_request("The user metadata must be a JSON object")
    return cast("dict[str, Any]", value)


@dataclass(slots=True)
class _Form:
    """A multipart form: its fields, then the bytes of its first file."""

    boundary: bytes
    most_fields: int
    fields: dict[str, str] = field(default_factory=dict[str, str])
    has_file: bool = False
    file_name: str = ""
    file_type: str = ""
    _parser: MultipartParser = field(init=False)
    _headers: dict[str, bytes] = field(default_factory=dict[str, bytes], init=False)
    _header: tuple[bytes, bytes] = field(default=(b"", b""), init=False)
    _name: str = field(default="", init=False)
    _value: bytearray = field(default_factory=bytearray, init=False)
    _is_file: bool = field(default=False, init=False)
    _is_complete: bool = field(default=False, init=False)
    _parts: int = field(default=0, init=False)
    _pieces: deque[bytes] = field(default_factory=deque[bytes], init=False)

    def __post_init__(self) -> None:
        self._parser = MultipartParser(
            self.boundary,
            {
                "on_part_begin": self._begin_part,
                "on_part_data": self._take_data,
                "on_part_end": self._end_part,
                "on_header_field": self._take_header_name,
                "on_header_value": self._take_header_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin_data,
            },
        )

    def feed(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except MultipartParseError as exc:
            raise invalid_request(f"Multipart: {exc}") from exc

    async def stream(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the file's bytes. Raises InvalidRequest if the form ends within the file."""
        while True:
            while self._pieces:
                yield self._pieces.popleft()
            if self._is_complete:
                break
            data = await anext(body, None)
            if data is None:
                raise invalid_request("Multipart: Unexpected end of form")
            self.feed(data)
        async for _ in body:  # what follows the file is not read, so that the client can finish
            pass

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > (_MAX_PARTS if self.has_file else self.most_fields + 1):
            raise invalid_request("Multipart: Too many fields")
        self._headers = {}
        self._value = bytearray()

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header = self._header[0] + data[start:end], self._header[1]
        self._check_header()

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header = self._header[0], self._header[1] + data[start:end]
        self._check_header()

    def _check_header(self) -> None:
        if sum(map(len, self._header)) > _MAX_HEADERS or len(self._headers) > _MAX_FIELDS:
            raise invalid_request("Multipart: Part header too large")

    def _end_header(self) -> None:
        name, value = self._header
        self._headers[name.decode("latin-1").lower()] = value
        self._header = b"", b""

    def _begin_data(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        has_type = b"filename" in options or "content-type" in self._headers
        self._is_file = not self.has_file and (has_type or self._name in {"", "file"})
        if self._is_file:
            self.has_file = True
            self.file_name = options.get(b"filename", b"").decode("utf-8", "replace")
            self.file_type = self._headers.get("content-type", b"").decode("latin-1")

    def _take_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._pieces.append(data[start:end])
        elif not self.has_file:
            self._value += data[start:end]
            if len(self._value) > _MAX_METADATA:
                raise storage_error("EntityTooLarge")

    def _end_part(self) -> None:
        if self._is_file:
            self._is_file, self._is_complete = False, True
        elif not self.has_file:
            self.fields[self._name] = self._value.decode("utf-8", "replace")
