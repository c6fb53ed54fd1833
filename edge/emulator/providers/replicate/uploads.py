"""Files API: input files that clients upload, for a day and within a number of bytes.

See https://replicate.com/docs/reference/http#files.create.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.emulator.providers.body import FormFile
from edge.emulator.providers.faults import Fault
from edge.emulator.providers.parsing import parse_object
from edge.emulator.providers.replicate.errors import ReplicateError
from edge.emulator.providers.response import letter_id
from edge.emulator.providers.router import Body

MAX_UPLOAD: Final = 32 << 20
_KEPT_BYTES: Final = 64 << 20
_MOST_KEPT: Final = 1_000
_MOST_METADATA: Final = 16 << 10
_KEPT_SECONDS: Final = 24 * 3600.0
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded; `digests` are MD5 and SHA-256 of its content."""

    id: str
    digests: tuple[str, str]
    file: FormFile
    metadata: Mapping[str, Any]
    base_url: str
    created: float

    def render(self) -> dict[str, Any]:
        """Return the API's file object; `urls.get` describes it, as the real one does."""
        return {
            "id": self.id,
            "name": self.file.name or "upload",
            "content_type": self.file.content_type or "application/octet-stream",
            "size": len(self.file.content),
            "etag": self.digests[0],
            "checksums": {"sha256": self.digests[1]},
            "metadata": self.metadata,
            "created_at": _moment(self.created),
            "expires_at": _moment(self.created + _KEPT_SECONDS),
            "urls": {"get": f"{self.base_url}/v1/files/{self.id}"},
        }


@dataclass(slots=True)
class Uploads:
    """The handlers of the Files API, and what they keep."""

    _kept: "OrderedDict[str, Upload]" = field(default_factory=OrderedDict[str, Upload])

    async def create(self, request: Request, form: Body, _fault: Fault | None) -> Response:
        """Keep the form's `content`. Raises ReplicateError."""
        file = next(iter(form.get("content", ())), None)
        if not isinstance(file, FormFile):
            raise ReplicateError(400, "Missing content")
        root = request.scope.get("root_path", "").rstrip("/")
        base_url = f"{request.url.scheme}://{request.url.netloc}{root}"
        metadata = _read_metadata(form)
        digests = await asyncio.to_thread(_digest, file.content)
        upload = Upload(letter_id("", 26).lower(), digests, file, metadata, base_url, time.time())
        self._kept[upload.id] = upload
        self._drop()
        return JSONResponse(upload.render(), 201)

    async def list(self, _request: Request, _body: Body, _fault: Fault | None) -> Response:
        """Answer the newest files."""
        self._drop()
        found = [upload.render() for upload in reversed(self._kept.values())][:_PAGE]
        return JSONResponse({"previous": None, "next": None, "results": found})

    async def read(self, request: Request, _body: Body, _fault: Fault | None) -> Response:
        """Answer one file's description."""
        return JSONResponse(self._find(request).render())

    async def delete(self, request: Request, _body: Body, _fault: Fault | None) -> Response:
        """Delete a file."""
        del self._kept[self._find(request).id]
        return Response(status_code=204)

    def _find(self, request: Request) -> Upload:
        self._drop()
        if found := self._kept.get(request.path_params["id"]):
            return found
        raise ReplicateError(404)

    def _drop(self) -> None:
        """Forget what is older than a day, or too much."""
        total = sum(len(upload.file.content) for upload in self._kept.values())
        while self._kept:
            oldest = next(iter(self._kept.values()))
            is_within = total <= _KEPT_BYTES and len(self._kept) <= _MOST_KEPT
            if is_within and time.time() - oldest.created < _KEPT_SECONDS:
                return
            total -= len(oldest.file.content)
            del self._kept[oldest.id]


def _digest(content: bytes) -> tuple[str, str]:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return md5, hashlib.sha256(content).hexdigest()


def _read_metadata(form: Body) -> Mapping[str, Any]:
    raw = str(next(iter(form.get("metadata", ())), "{}")).encode()
    if len(raw) > _MOST_METADATA:
        raise ReplicateError(400, f"metadata has more than {_MOST_METADATA:,} bytes")
    try:
        return parse_object(raw)
    except ValueError as exc:
        raise ReplicateError(400, "metadata must be a JSON object") from exc


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
