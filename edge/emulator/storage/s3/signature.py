"""Verify AWS Signature Version 4: in the header Authorization, or in a presigned URL's query.

Follows supabase/storage (src/storage/protocols/s3/signature-v4.ts): regions besides the project's
own that SDKs use by default are taken, and a request in the header has no age.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from starlette.requests import Request

from edge.emulator.storage.errors import access_denied, storage_error

ALGORITHM: Final = "AWS4-HMAC-SHA256"
REGION: Final = "local"
REGIONS: Final = frozenset({REGION, "us-east-1", "auto", ""})
_PREFIX: Final = "/storage/v1"  # signed by the client, stripped by the gateway
_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_FIELD: Final = re.compile(r"(Credential|SignedHeaders|Signature)=([^,\s]+)")
_DATE: Final = "%Y%m%dT%H%M%SZ"
_MAX_SECONDS: Final = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request claims: who signed what, when, and with which result."""

    access_key: str
    day: str
    region: str
    service: str
    date: str
    signed_headers: tuple[str, ...]
    signature: str
    payload: str
    session_token: str
    expires: str | None = None

    @property
    def scope(self) -> str:
        return f"{self.day}/{self.region}/{self.service}/aws4_request"

    def key(self, secret: str) -> bytes:
        """Derive the signing key of the secret for this day, region and service."""
        key = f"AWS4{secret}".encode()
        for part in (self.day, self.region, self.service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key


def read_signature(request: Request) -> Signature:
    """Return the request's signature, not yet verified. Raises AccessDenied without one."""
    query, headers = request.query_params, request.headers
    payload = headers.get("x-amz-content-sha256", _UNSIGNED)
    if "X-Amz-Signature" in query:
        return Signature(
            **_read_scope(query.get("X-Amz-Credential", "")),
            date=query.get("X-Amz-Date", ""),
            signed_headers=_split(query.get("X-Amz-SignedHeaders", "")),
            signature=query["X-Amz-Signature"],
            payload=query.get("X-Amz-Content-Sha256") or payload,
            session_token=query.get("X-Amz-Security-Token", ""),
            expires=query.get("X-Amz-Expires", ""),
        )
    algorithm, _, rest = headers.get("authorization", "").partition(" ")
    fields = dict(_FIELD.findall(rest))
    if algorithm != ALGORITHM or len(fields) != 3:
        raise access_denied("Missing signature")
    return Signature(
        **_read_scope(fields["Credential"]),
        date=headers.get("x-amz-date", ""),
        signed_headers=_split(fields["SignedHeaders"]),
        signature=fields["Signature"],
        payload=payload,
        session_token=headers.get("x-amz-security-token", ""),
    )


def read_form_signature(fields: Mapping[str, str]) -> Signature:
    """Return the signature of a form's policy, not yet verified. Raises AccessDenied."""
    if fields.get("x-amz-algorithm") != ALGORITHM or "policy" not in fields:
        raise access_denied("Missing signature")
    return Signature(
        **_read_scope(fields.get("x-amz-credential", "")),
        date=fields.get("x-amz-date", ""),
        signed_headers=(),
        signature=fields.get("x-amz-signature", ""),
        payload=_UNSIGNED,
        session_token=fields.get("x-amz-security-token", ""),
    )


def _read_scope(credential: str) -> dict[str, str]:
    """Split `KEY/DAY/REGION/SERVICE/aws4_request`."""
    parts = unquote(credential).rsplit("/", 4)
    if len(parts) != 5 or parts[4] != "aws4_request":
        raise access_denied("Missing signature")
    return dict(zip(("access_key", "day", "region", "service"), parts[:4], strict=True))


def _split(names: str) -> tuple[str, ...]:
    return tuple(names.lower().split(";"))


def verify_signature(request: Request, signature: Signature, secrets: Iterable[str]) -> str:
    """Return the secret that the request was signed with. Raises SignatureDoesNotMatch."""
    if signature.expires is not None:
        _check_expiry(signature)
    if signature.region in REGIONS:
        for secret in secrets:
            key = signature.key(secret)
            for path in _paths(request):
                wanted = _sign(key, signature, _canonical(request, signature, path))
                if hmac.compare_digest(wanted.encode(), signature.signature.encode()):
                    return secret
    raise storage_error("SignatureDoesNotMatch")


def _check_expiry(signature: Signature) -> None:
    """Raise ExpiredToken for a presigned URL whose time is over, or that names none."""
    try:
        begin = datetime.strptime(signature.date, _DATE).replace(tzinfo=UTC)
        seconds = int((signature.expires or "")[:9])
    except ValueError as exc:
        raise access_denied("X-Amz-Date and X-Amz-Expires must be a date and seconds") from exc
    if not 0 < seconds <= _MAX_SECONDS:
        raise access_denied("X-Amz-Expires must be between 1 and 604800 seconds")
    if datetime.now(UTC) > begin + timedelta(seconds=seconds):
        raise storage_error("ExpiredToken")


def _paths(request: Request) -> tuple[str, ...]:
    """Return the path as it was sent, and as it is when encoded strictly."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    sent = _PREFIX + raw.decode("latin-1").partition("?")[0]
    strict = quote(unquote(sent), safe="/-_.~")
    return (sent,) if sent == strict else (sent, strict)


def _canonical(request: Request, signature: Signature, path: str) -> str:
    text = request.scope["query_string"].decode("latin-1")
    pairs = parse_qsl(text.replace("+", "%2B"), keep_blank_values=True)
    query = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in pairs
        if name != "X-Amz-Signature"
    )
    headers = "".join(
        f"{name}:{' '.join(','.join(request.headers.getlist(name)).split())}\n"
        for name in signature.signed_headers
    )
    return "\n".join(
        (
            request.method,
            path,
            "&".join(f"{name}={value}" for name, value in query),
            headers,
            ";".join(signature.signed_headers),
            signature.payload,
        )
    )


def _sign(key: bytes, signature: Signature, canonical: str) -> str:
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    text = f"{ALGORITHM}\n{signature.date}\n{signature.scope}\n{digest}"
    return hmac.digest(key, text.encode(), "sha256").hex()
