"""A request of the S3 protocol: who asks, for which bucket and key, with which body."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from starlette.requests import Request

from edge.emulator.storage import rows
from edge.emulator.storage.context import StorageContext
from edge.emulator.storage.errors import StorageError, access_denied, invalid_request, storage_error
from edge.emulator.storage.identity import Caller, explain_token
from edge.emulator.storage.s3.chunked import ChunkedBody, with_checks
from edge.emulator.storage.s3.signature import Signature, read_signature, verify_signature
from edge.emulator.storage.s3.xml import MAX_BODY, Element, parse_xml
from edge.tokens import TokenError, verify

_CHECKED: Final = (
    "content-md5",
    "x-amz-checksum-crc32",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
)
_META: Final = "x-amz-meta-"


@dataclass(frozen=True)
class S3Request:
    """A request whose signature is verified."""

    context: StorageContext
    http: Request
    caller: Caller
    signature: Signature
    secret: str

    @property
    def bucket(self) -> str:
        return self.http.path_params.get("bucket", "")

    @property
    def key(self) -> str:
        return self.http.path_params.get("key", "")

    @property
    def query(self) -> dict[str, str]:
        return dict(self.http.query_params)

    def header(self, name: str) -> str:
        return self.http.headers.get(name, "")

    def number(self, name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
        """Return an integer of the query. Raises InvalidRequest beyond its bounds."""
        text = self.query.get(name)
        if text is None or text == "":
            return default
        if not re.fullmatch(r"-?[0-9]{1,12}", text):
            raise invalid_request(f"Querystring, {name} must be integer")
        value = int(text)
        if value < least:
            raise invalid_request(f"Querystring, {name} must be >= {least}")
        if value > most:
            raise invalid_request(f"Querystring, {name} must be <= {most}")
        return value

    @cached_property
    def size(self) -> int | None:
        """The declared size of the object in bytes."""
        is_chunked = self.signature.payload.startswith("STREAMING-")
        name = "x-amz-decoded-content-length" if is_chunked else "content-length"
        text = self.header(name)
        return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None

    @property
    def user_metadata(self) -> dict[str, str]:
        """The headers `x-amz-meta-…`, without their prefix."""
        return {
            name.removeprefix(_META): value
            for name, value in self.http.headers.items()
            if name.startswith(_META)
        }

    def body(self) -> AsyncIterator[bytes]:
        """Yield the object's bytes, checked against the digests that the client sent."""
        chunks = self.http.stream()
        if self.signature.payload.startswith("STREAMING-"):
            chunks = ChunkedBody(
                chunks,
                self.signature,
                self.signature.key(self.secret),
                self.header("x-amz-trailer").split(",")[0].strip(),
                self.size,
            ).read()
        wanted = {name: self.header(name) for name in _CHECKED if self.header(name)}
        return with_checks(chunks, wanted) if wanted else chunks

    async def document(self, name: str) -> Element:
        """Return the root of an XML body. Raises InvalidRequest unless it has children."""
        data = b""
        async for chunk in self.body():
            data += chunk
            if len(data) > MAX_BODY:
                raise storage_error("EntityTooLarge")
        root = await asyncio.to_thread(parse_xml, data)
        if root.name != name or not root.children:
            raise invalid_request(f"Body, {name} must be object")
        return root

    async def require_bucket(self) -> rows.Row:
        """Return the bucket's row. Raises NoSuchBucket."""
        async with self.context.database.as_owner() as connection:
            bucket = await rows.find_bucket(connection, self.bucket)
        if bucket is None:
            raise storage_error("NoSuchBucket")
        return bucket


def find_signer(context: StorageContext, signature: Signature) -> tuple[Caller, tuple[str, ...]]:
    """Return whose signature it is said to be, and the secrets that make it true."""
    config = context.config
    if signature.session_token:
        try:
            claims = verify(signature.session_token, config.keys)
        except TokenError as exc:
            raise access_denied(explain_token(exc)) from exc
        role = str(claims.get("role") or "anon")
        return Caller(role, claims, signature.session_token), config.anon_keys
    if signature.access_key == config.s3_access_key:
        return Caller("service_role", {"role": "service_role"}, ""), (config.s3_secret_key,)
    raise access_denied("Invalid Access Key")


def authenticate(context: StorageContext, request: Request) -> S3Request:
    """Verify who signed the request: the project's key pair, or a user with a session token."""
    signature = read_signature(request)
    caller, secrets = find_signer(context, signature)
    secret = verify_signature(request, signature, secrets)
    return S3Request(context, request, caller, signature, secret)


def precondition_failed() -> StorageError:
    message = "At least one of the pre-conditions you specified did not hold"
    return StorageError("PreconditionFailed", 412, "PreconditionFailed", message)
