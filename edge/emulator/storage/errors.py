"""The storage service's errors: code, status in the body, name and message.

Follows supabase/storage (src/internal/errors). The HTTP status is 400 for nearly all of them; the
true one stands in the body, as text.
"""

from collections.abc import Mapping
from typing import Any, Final

import psycopg

from edge.emulator.wire import WireError

_KEPT_STATUSES: Final = frozenset({429, 500, 503, 544})


class StorageError(WireError):
    """An error response: {statusCode, error, message, code}."""

    def __init__(self, code: str, status: int, error: str, message: str) -> None:
        super().__init__(status if status in _KEPT_STATUSES else 400, message)
        self.code = code
        self.true_status = status
        self.error = error

    def body(self) -> dict[str, Any]:
        return {
            "statusCode": str(self.true_status),
            "error": self.error,
            "message": self.message,
            "code": self.code,
        }


_MESSAGES: Final[Mapping[str, tuple[int, str, str]]] = {
    "AccessDenied": (403, "Unauthorized", "Access denied"),
    "BadDigest": (400, "BadDigest", "The digest you specified did not match what we received"),
    "BucketAlreadyExists": (409, "Duplicate", "The resource already exists"),
    "DatabaseReadOnly": (503, "DatabaseReadOnly", "The database is read-only"),
    "DatabaseTimeout": (544, "DatabaseTimeout", "The connection to the database timed out"),
    "EntityTooLarge": (413, "Payload too large", "The object exceeded the maximum allowed size"),
    "ExpiredToken": (400, "ExpiredToken", "The provided token has expired."),
    "FileMissing": (404, "Not found", "The resource was not found"),
    "InternalError": (500, "Internal", "Internal Server Error"),
    "InvalidBucketName": (400, "Invalid Input", "Bucket name invalid"),
    "InvalidJWT": (400, "InvalidJWT", "{reason}"),
    "InvalidKey": (400, "InvalidKey", "Invalid key: {key}"),
    "InvalidMimeType": (415, "invalid_mime_type", "mime type {mime_type} is not supported"),
    "InvalidParameter": (400, "InvalidParameter", "Invalid Parameter {name}"),
    "InvalidRange": (400, "invalid_range", "invalid range provided"),
    "InvalidSignature": (400, "InvalidSignature", "{reason}"),
    "KeyAlreadyExists": (409, "Duplicate", "The resource already exists"),
    "NoSuchBucket": (404, "Bucket not found", "Bucket not found"),
    "NoSuchKey": (404, "not_found", "Object not found"),
    "NoSuchUpload": (404, "NoSuchUpload", "Upload not found"),
    "ResourceAlreadyExists": (409, "Duplicate", "The resource already exists"),
    "ResourceLocked": (423, "ResourceLocked", "The resource is locked"),
    "SlowDown": (429, "too_many_requests", "Too many images are waiting to be rendered"),
    "ResourceNotEmpty": (
        409,
        "ResourceNotEmpty",
        "The bucket you tried to delete is not empty",
    ),
    "SignatureDoesNotMatch": (
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided."
        " Check your key and signing method.",
    ),
}
_NO_POLICY: Final = "new row violates row-level security policy"


def storage_error(code: str, **values: object) -> StorageError:
    """Return an error of the catalogue, its message formatted with `values`."""
    status, error, message = _MESSAGES[code]
    return StorageError(code, status, error, message.format_map(values))


def access_denied(reason: str) -> StorageError:
    """Return AccessDenied with a reason: a token's fault, or Postgres's text."""
    return StorageError("AccessDenied", 403, "Unauthorized", reason)


def invalid_request(message: str, error: str = "Error") -> StorageError:
    """Return the error for a request that its route's schema does not allow."""
    return StorageError("InvalidRequest", 400, error, message)


MISSING: Final = 404
"""The status of a row that names another which is not there."""
_BY_SQLSTATE: Final[Mapping[str, str]] = {
    "23505": "ResourceAlreadyExists",
    "55P03": "ResourceLocked",
    "57014": "DatabaseTimeout",
    "25006": "DatabaseReadOnly",
}
_BAD_VALUES: Final = frozenset({"22P02", "22P05", "22021", "22003", "22007", "22008"})


def explain_postgres(error: psycopg.Error) -> StorageError:
    """Map an error of Postgres, as upstream's database/errors.ts does."""
    state, message = error.sqlstate or "", error.diag.message_primary or str(error)
    if code := _BY_SQLSTATE.get(state):
        return storage_error(code)
    if state == "42501":
        return access_denied(_NO_POLICY if message.startswith(_NO_POLICY) else message)
    if state == "23503":
        missing = "The related resource does not exist"
        return StorageError("InvalidRequest", MISSING, "InvalidRequest", missing)
    if state in _BAD_VALUES or isinstance(error, psycopg.DataError):
        return StorageError("InvalidParameter", 400, "InvalidParameter", message)
    return StorageError("DatabaseError", 500, "DatabaseError", message)
