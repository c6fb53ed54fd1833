"""The catalogue of the auth service's errors: status, code, message, and their two JSON shapes.

Follows supabase/auth (internal/api/apierrors/errorcode.go and its callers).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from edge.emulator.wire import WireError

API_VERSION: Final = "2024-01-01"


class AuthError(WireError):
    """An error response: {code, error_code, msg}, with an API version {code, message}."""

    def __init__(self, status: int, code: str, message: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(status, message, {"x-sb-error-code": code})
        self.code = code
        self.reasons = tuple(reasons)

    def body(self) -> dict[str, Any]:
        return {"code": self.status, "error_code": self.code, "msg": self.message} | self._weakness

    def versioned_body(self) -> dict[str, Any]:
        """Return the body for requests with `x-supabase-api-version: 2024-01-01` or later."""
        return {"code": self.code, "message": self.message} | self._weakness

    @property
    def _weakness(self) -> dict[str, Any]:
        return {"weak_password": {"reasons": list(self.reasons)}} if self.reasons else {}


@dataclass(frozen=True, slots=True)
class ErrorTemplate:
    """An entry of the catalogue."""

    status: int
    code: str
    message: str

    def error(self, *reasons: str, **values: object) -> AuthError:
        """Return the error, its message formatted with `values`."""
        return AuthError(self.status, self.code, self.message.format_map(values), reasons)


BAD_JSON: Final = ErrorTemplate(400, "bad_json", "Could not parse request body as JSON: {reason}")
BAD_TEXT: Final = ErrorTemplate(
    400, "validation_failed", "The request holds text that cannot be stored"
)
BODY_TOO_LARGE: Final = ErrorTemplate(
    413, "EDGE_BODY_TOO_LARGE", "The request body is larger than {limit} bytes"
)

EMAIL_INVALID: Final = ErrorTemplate(
    400, "validation_failed", "Unable to validate email address: invalid format"
)
PASSWORD_MISSING: Final = ErrorTemplate(
    400, "validation_failed", "Signup requires a valid password"
)
PASSWORD_TOO_LONG: Final = ErrorTemplate(
    400, "validation_failed", "Password cannot be longer than 72 characters"
)
PASSWORD_WEAK: Final = ErrorTemplate(
    422, "weak_password", "Password should be at least {shortest} characters."
)
PASSWORD_SAME: Final = ErrorTemplate(
    422, "same_password", "New password should be different from the old password."
)
USER_EXISTS: Final = ErrorTemplate(422, "user_already_exists", "User already registered")
EMAIL_EXISTS: Final = ErrorTemplate(
    422, "email_exists", "A user with this email address has already been registered"
)
ANONYMOUS_DISABLED: Final = ErrorTemplate(
    422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled"
)
PHONE_DISABLED: Final = ErrorTemplate(400, "phone_provider_disabled", "Phone signups are disabled")
PHONE_LOGIN_DISABLED: Final = ErrorTemplate(
    400, "phone_provider_disabled", "Phone logins are disabled"
)

GRANT_UNSUPPORTED: Final = ErrorTemplate(400, "invalid_credentials", "unsupported_grant_type")
LOGIN_MISSING: Final = ErrorTemplate(400, "validation_failed", "missing email or phone")
LOGIN_INVALID: Final = ErrorTemplate(400, "invalid_credentials", "Invalid login credentials")
EMAIL_UNCONFIRMED: Final = ErrorTemplate(400, "email_not_confirmed", "Email not confirmed")
BANNED: Final = ErrorTemplate(400, "user_banned", "User is banned")
REFRESH_MISSING: Final = ErrorTemplate(400, "validation_failed", "refresh_token required")
REFRESH_UNKNOWN: Final = ErrorTemplate(
    400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"
)
REFRESH_USED: Final = ErrorTemplate(
    400, "refresh_token_already_used", "Invalid Refresh Token: Already Used"
)
REFRESH_BANNED: Final = ErrorTemplate(400, "user_banned", "Invalid Refresh Token: User Banned")

NO_AUTHORIZATION: Final = ErrorTemplate(
    401, "no_authorization", "This endpoint requires a valid Bearer token"
)
BAD_JWT: Final = ErrorTemplate(
    403, "bad_jwt", "invalid JWT: unable to parse or verify signature, {why}"
)
BAD_CLAIM: Final = ErrorTemplate(403, "bad_jwt", "invalid claim: {why}")
USER_GONE: Final = ErrorTemplate(403, "user_not_found", "User from sub claim in JWT does not exist")
SESSION_GONE: Final = ErrorTemplate(
    403, "session_not_found", "Session from session_id claim in JWT does not exist"
)
SCOPE_UNSUPPORTED: Final = ErrorTemplate(
    400, "validation_failed", 'Unsupported logout scope "{scope}"'
)

NOT_ADMIN: Final = ErrorTemplate(403, "not_admin", "User not allowed")
USER_UNKNOWN: Final = ErrorTemplate(404, "user_not_found", "User not found")
USER_ID_INVALID: Final = ErrorTemplate(404, "validation_failed", "user_id must be an UUID")
ADDRESS_MISSING: Final = ErrorTemplate(
    400, "validation_failed", "Cannot create a user without either an email or phone"
)
PAGE_INVALID: Final = ErrorTemplate(400, "validation_failed", "Bad Pagination Parameters: {value}")
BAN_INVALID: Final = ErrorTemplate(
    400, "validation_failed", "invalid format for ban duration: {value}"
)
HASH_INVALID: Final = ErrorTemplate(400, "validation_failed", "password_hash is not a bcrypt hash")

NOT_SERVED: Final = ErrorTemplate(404, "EDGE_NOT_SERVED", "{method} {path} is not served locally")
TIMED_OUT: Final = ErrorTemplate(
    504, "request_timeout", "Processing this request timed out, please retry after a moment."
)
# Upstream answers 500; clients keep their session and try again only after a 503.
NO_DATABASE: Final = ErrorTemplate(503, "unexpected_failure", "The database cannot be reached")
DISK_FULL: Final = ErrorTemplate(
    503, "unexpected_failure", "The disk of the database is full: make room on it"
)
UNEXPECTED: Final = ErrorTemplate(
    500, "unexpected_failure", "Unexpected failure, please check server logs for more information"
)
