"""The catalogue of the auth service's errors: status, code, message, and their two JSON shapes.

Follows supabase/auth (internal/api/apierrors/errorcode.go and its callers).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from edge.emulator.wire import WireError

API_VERSION: Final = "2024-01-01"


class AuthError(WireError):
    """An error response: {code, error_code, msg}, with an API version {code, message}."""

    def __init__(self, status: int, code: str, message: str, reasons: Sequence[str] = ()) -> None:
        super().__init__(status, message, {"x-sb-error-code": code})
        self.code = code
        self.reasons = tuple(reasons)

    def body(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"code": self.status, "error_code": self.code, "msg": self.message}
        if self.status >= 500:
            answer["error_id"] = str(uuid4())
        return answer | self._weakness

    def versioned_body(self) -> dict[str, Any]:
        """Return the body for requests with `x-supabase-api-version: 2024-01-01` or later."""
        return {"code": self.code, "message": self.message} | self._weakness

    @property
    def _weakness(self) -> dict[str, Any]:
        return {"weak_password": {"reasons": list(self.reasons)}} if self.reasons else {}


class OAuthError(WireError):
    """An error of OAuth: {error, error_description}, status 400."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(400, description)
        self.code = code

    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_description": self.message}


@dataclass(frozen=True, slots=True)
class ErrorTemplate:
    """An entry of the catalogue."""

    status: int
    code: str
    message: str

    def error(self, *reasons: str, **values: object) -> AuthError:
        """Return the error, its message formatted with `values`."""
        return AuthError(self.status, self.code, self.message.format_map(values), reasons)


def _invalid(message: str, status: int = 400) -> ErrorTemplate:
    return ErrorTemplate(status, "validation_failed", message)


# Requests
BAD_JSON: Final = ErrorTemplate(400, "bad_json", "Could not parse request body as JSON: {reason}")
BAD_TEXT: Final = _invalid("The request holds text that cannot be stored")
BODY_TOO_LARGE: Final = ErrorTemplate(
    413, "request_entity_too_large", "Request body too large (max {limit} bytes)"
)
TOO_MANY_VALUES: Final = ErrorTemplate(
    413, "request_entity_too_large", "Request body holds too many values"
)
EMAIL_MISSING: Final = _invalid("An email address is required")
EMAIL_TOO_LONG: Final = _invalid("An email address is too long")
EMAIL_INVALID: Final = _invalid("Unable to validate email address: invalid format")
PHONE_INVALID: Final = _invalid("Invalid phone number format (E.164 required)")
CHANNEL_INVALID: Final = _invalid(
    "Invalid channel, supported values are 'sms' or 'whatsapp'. 'whatsapp' is only supported if"
    " Twilio or Twilio Verify is used as the provider."
)
PKCE_INCOMPLETE: Final = _invalid("PKCE flow requires code_challenge_method and code_challenge")
CHALLENGE_LENGTH: Final = _invalid("code challenge has to be between 43 and 128 characters")
CHALLENGE_CHARACTERS: Final = _invalid(
    "code challenge can only contain alphanumeric characters, hyphens, periods, underscores and"
    " tildes"
)
CHALLENGE_METHOD: Final = _invalid('unsupported code_challenge method "{method}"')
UNEXPECTED_AUDIENCE: Final = _invalid("Token audience doesn't match request audience")
PAGE_INVALID: Final = _invalid("Bad Pagination Parameters: {reason}")
SORT_INVALID: Final = _invalid("Bad Sort Parameters: {reason}")

# Sign-up
SIGNUP_DISABLED: Final = ErrorTemplate(
    422, "signup_disabled", "Signups not allowed for this instance"
)
EMAIL_SIGNUPS_DISABLED: Final = ErrorTemplate(
    400, "email_provider_disabled", "Email signups are disabled"
)
PHONE_SIGNUPS_DISABLED: Final = ErrorTemplate(
    400, "phone_provider_disabled", "Phone signups are disabled"
)
ANONYMOUS_DISABLED: Final = ErrorTemplate(
    422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled"
)
PASSWORD_MISSING: Final = _invalid("Signup requires a valid password")
PASSWORD_TOO_LONG: Final = _invalid("Password cannot be longer than 72 characters")
PASSWORD_WEAK: Final = ErrorTemplate(422, "weak_password", "{message}")
SIGNUP_BOTH: Final = _invalid("Only an email address or phone number should be provided on signup.")
SIGNUP_PKCE_PHONE: Final = _invalid("PKCE not supported for phone signups")
USER_EXISTS: Final = ErrorTemplate(422, "user_already_exists", "User already registered")

# Tokens
GRANT_UNSUPPORTED: Final = ErrorTemplate(400, "invalid_credentials", "unsupported_grant_type")
LOGIN_BOTH: Final = _invalid("Only an email address or phone number should be provided on login.")
LOGIN_MISSING: Final = _invalid("missing email or phone")
LOGIN_INVALID: Final = ErrorTemplate(400, "invalid_credentials", "Invalid login credentials")
LOGIN_REJECTED: Final = ErrorTemplate(400, "invalid_credentials", "{message}")
EMAIL_LOGINS_DISABLED: Final = ErrorTemplate(
    422, "email_provider_disabled", "Email logins are disabled"
)
PHONE_LOGINS_DISABLED: Final = ErrorTemplate(
    422, "phone_provider_disabled", "Phone logins are disabled"
)
EMAIL_UNCONFIRMED: Final = ErrorTemplate(400, "email_not_confirmed", "Email not confirmed")
PHONE_UNCONFIRMED: Final = ErrorTemplate(400, "phone_not_confirmed", "Phone not confirmed")
BANNED: Final = ErrorTemplate(400, "user_banned", "User is banned")
FORBIDDEN_BANNED: Final = ErrorTemplate(403, "user_banned", "User is banned")
REFRESH_INVALID: Final = _invalid("Refresh token is not valid")
REFRESH_UNKNOWN: Final = ErrorTemplate(
    400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"
)
REFRESH_USED: Final = ErrorTemplate(
    400, "refresh_token_already_used", "Invalid Refresh Token: Already Used"
)
REFRESH_BANNED: Final = ErrorTemplate(400, "user_banned", "Invalid Refresh Token: User Banned")
REFRESH_NO_SESSION: Final = ErrorTemplate(
    400, "session_not_found", "Invalid Refresh Token: No Valid Session Found"
)
SESSION_EXPIRED: Final = ErrorTemplate(
    400, "session_expired", "Invalid Refresh Token: Session Expired{why}"
)
FLOW_CODE_MISSING: Final = _invalid(
    "invalid request: both auth code and code verifier should be non-empty"
)
FLOW_UNKNOWN: Final = ErrorTemplate(
    404, "flow_state_not_found", "invalid flow state, no valid flow state found"
)
FLOW_EXPIRED: Final = ErrorTemplate(
    422, "flow_state_expired", "invalid flow state, flow state has expired"
)
FLOW_NONE: Final = ErrorTemplate(
    400,
    "flow_state_not_found",
    "No associated flow state found. 422: No valid flow state found for user.",
)
VERIFIER_WRONG: Final = ErrorTemplate(
    400, "bad_code_verifier", "code challenge does not match previously saved code verifier"
)
ID_TOKEN_MISSING: Final = _invalid("id_token required")
ID_TOKEN_PROVIDER_MISSING: Final = _invalid("provider or client_id and issuer required")
ID_TOKEN_PROVIDER_DISABLED: Final = ErrorTemplate(
    400, "provider_disabled", 'Provider (issuer "{issuer}") is not enabled'
)
ID_TOKEN_PROVIDER_UNKNOWN: Final = _invalid("Custom OIDC provider {provider!r} not allowed")
ID_TOKEN_BAD: Final = _invalid("Bad ID token")
WEB3_DISABLED: Final = ErrorTemplate(422, "web3_provider_disabled", "Web3 provider is disabled")

# Bearer tokens
NO_AUTHORIZATION: Final = ErrorTemplate(
    401, "no_authorization", "This endpoint requires a valid Bearer token"
)
ANONYMOUS_FORBIDDEN: Final = ErrorTemplate(
    403, "no_authorization", "Anonymous user not allowed to perform these actions"
)
BAD_JWT: Final = ErrorTemplate(
    403, "bad_jwt", "invalid JWT: unable to parse or verify signature, {why}"
)
BAD_CLAIM: Final = ErrorTemplate(403, "bad_jwt", "invalid claim: {why}")
BAD_SUBJECT: Final = ErrorTemplate(400, "bad_jwt", "invalid claim: sub claim must be a UUID")
USER_GONE: Final = ErrorTemplate(403, "user_not_found", "User from sub claim in JWT does not exist")
SESSION_GONE: Final = ErrorTemplate(
    403, "session_not_found", "Session from session_id claim in JWT does not exist"
)
SCOPE_UNSUPPORTED: Final = _invalid('Unsupported logout scope "{scope}"')
NOT_ADMIN: Final = ErrorTemplate(403, "not_admin", "User not allowed")

# One-time codes and mails
OTP_BOTH: Final = _invalid("Only an email address or phone number should be provided")
OTP_CHANNEL: Final = _invalid("Channel should only be specified with Phone OTP")
OTP_MISSING: Final = _invalid("One of email or phone must be set")
OTP_DISABLED: Final = ErrorTemplate(422, "otp_disabled", "Signups not allowed for otp")
OTP_PHONE_DISABLED: Final = ErrorTemplate(
    400, "phone_provider_disabled", "Unsupported phone provider"
)
MAGIC_LINK_NO_EMAIL: Final = _invalid("Password recovery requires an email", 422)
MAGIC_LINK_BAD_JSON: Final = ErrorTemplate(
    400, "bad_json", "Could not read verification params: {reason}"
)
RECOVERY_NO_EMAIL: Final = _invalid("Password recovery requires an email")
RESEND_TYPE: Final = _invalid("Missing one of these types: signup, email_change, sms, phone_change")
RESEND_NO_EMAIL: Final = _invalid("Type provided requires an email address")
RESEND_NO_PHONE: Final = _invalid("Type provided requires a phone number")
RESEND_BOTH: Final = _invalid("Only an email address or phone number should be provided.")
RESEND_NONE: Final = _invalid("Missing email address or phone number")
RESEND_EMAIL_DISABLED: Final = ErrorTemplate(
    400, "email_provider_disabled", "Email logins are disabled"
)
RESEND_PHONE_DISABLED: Final = ErrorTemplate(
    400, "phone_provider_disabled", "Phone logins are disabled"
)
VERIFY_TYPE: Final = _invalid("Verify requires a verification type")
VERIFY_TOKEN: Final = _invalid("Verify requires a token or a token hash")
VERIFY_EITHER: Final = _invalid("Verify requires either a token or a token hash")
VERIFY_ONE: Final = _invalid("Only an email address or phone number should be provided on verify")
VERIFY_HASH_ONLY: Final = _invalid("Only the token_hash and type should be provided")
VERIFY_EMAIL: Final = _invalid("Invalid email format", 422)
VERIFY_UNSUPPORTED: Final = _invalid("Unsupported verification type")
VERIFY_EMAIL_TYPE: Final = _invalid("Invalid email verification type")
OTP_EXPIRED: Final = ErrorTemplate(403, "otp_expired", "Token has expired or is invalid")
LINK_EXPIRED: Final = ErrorTemplate(403, "otp_expired", "Email link is invalid or has expired")
EMAIL_TOO_OFTEN: Final = ErrorTemplate(
    429,
    "over_email_send_rate_limit",
    "For security purposes, you can only request this after {seconds} seconds.",
)
EMAIL_LIMIT: Final = ErrorTemplate(429, "over_email_send_rate_limit", "email rate limit exceeded")
SMS_TOO_OFTEN: Final = ErrorTemplate(
    429,
    "over_sms_send_rate_limit",
    "For security purposes, you can only request this after {seconds} seconds.",
)
SMS_LIMIT: Final = ErrorTemplate(429, "over_sms_send_rate_limit", "SMS rate limit exceeded")
SMS_PROVIDER: Final = ErrorTemplate(500, "unexpected_failure", "Unable to get SMS provider")
REQUEST_LIMIT: Final = ErrorTemplate(429, "over_request_rate_limit", "Request rate limit reached")

# The user
PASSWORD_SAME: Final = ErrorTemplate(
    422, "same_password", "New password should be different from the old password."
)
PASSWORD_CURRENT_MISSING: Final = ErrorTemplate(
    400, "current_password_required", "Current password required when setting new password."
)
PASSWORD_CURRENT_WRONG: Final = ErrorTemplate(
    400, "current_password_invalid", "Current password required when setting new password."
)
ANONYMOUS_PASSWORD: Final = _invalid(
    "Updating password of an anonymous user without an email or phone is not allowed", 422
)
SSO_MANAGED: Final = ErrorTemplate(
    422,
    "user_sso_managed",
    "Updating email, phone, password of a SSO account only possible via SSO",
)
EMAIL_EXISTS: Final = ErrorTemplate(
    422, "email_exists", "A user with this email address has already been registered"
)
PHONE_EXISTS: Final = ErrorTemplate(
    422, "phone_exists", "A user with this phone number has already been registered"
)
PHONE_TAKEN: Final = ErrorTemplate(
    422, "phone_exists", "Phone number already registered by another user"
)
NOT_ADMIN_METADATA: Final = ErrorTemplate(
    403, "not_admin", "Updating app_metadata requires admin privileges"
)
REAUTHENTICATION_NEEDED: Final = ErrorTemplate(
    400, "reauthentication_needed", "Password update requires reauthentication"
)
NONCE_INVALID: Final = ErrorTemplate(
    422, "reauthentication_not_valid", "Nonce has expired or is invalid"
)
REAUTHENTICATION_NO_ADDRESS: Final = _invalid(
    "Reauthentication requires the user to have an email or a phone number"
)
REAUTHENTICATION_EMAIL: Final = ErrorTemplate(
    422, "email_not_confirmed", "Please verify your email first."
)
REAUTHENTICATION_PHONE: Final = ErrorTemplate(
    422, "phone_not_confirmed", "Please verify your phone first."
)
AAL2_UPDATE: Final = ErrorTemplate(
    401,
    "insufficient_aal",
    "AAL2 session is required to update email or password when MFA is enabled.",
)
LINKING_DISABLED: Final = ErrorTemplate(
    404, "manual_linking_disabled", "Manual linking is disabled"
)
IDENTITY_ID_INVALID: Final = _invalid("identity_id must be an UUID", 404)
IDENTITY_LAST: Final = ErrorTemplate(
    422,
    "single_identity_not_deletable",
    "User must have at least 1 identity after unlinking",
)
IDENTITY_UNKNOWN: Final = ErrorTemplate(422, "identity_not_found", "Identity doesn't exist")
IDENTITY_CONFLICT: Final = ErrorTemplate(
    422,
    "email_conflict_identity_not_deletable",
    "Unable to unlink identity due to email conflict",
)

# Second factors
FACTOR_ID_INVALID: Final = _invalid("factor_id must be an UUID", 404)
FACTOR_UNKNOWN: Final = ErrorTemplate(404, "mfa_factor_not_found", "Factor not found")
FACTOR_TYPE: Final = _invalid("factor_type needs to be totp, phone, or webauthn")
FACTOR_NAME: Final = ErrorTemplate(
    422,
    "mfa_factor_name_conflict",
    'A factor with the friendly name "{name}" for this user already exists',
)
FACTORS_FULL: Final = ErrorTemplate(
    422,
    "too_many_enrolled_mfa_factors",
    "Maximum number of verified factors reached, unenroll to continue",
)
FACTOR_PHONE_MISSING: Final = _invalid("Phone number required to enroll Phone factor")
FACTOR_PHONE_VERIFIED: Final = ErrorTemplate(
    422,
    "mfa_verified_factor_exists",
    "A verified phone factor already exists, unenroll the existing factor to continue",
)
AAL2_ENROLL: Final = ErrorTemplate(403, "insufficient_aal", "AAL2 required to enroll a new factor")
AAL2_UNENROLL: Final = ErrorTemplate(
    422, "insufficient_aal", "AAL2 required to unenroll verified factor"
)
MFA_NO_SESSION: Final = ErrorTemplate(
    500,
    "unexpected_failure",
    "A valid session and a registered user are required to enroll a factor",
)
MFA_DISABLED: Final = ErrorTemplate(
    422, "mfa_{type}_{what}_not_enabled", "MFA {verb} is disabled for {name}"
)
CHALLENGE_UNKNOWN: Final = ErrorTemplate(
    422, "mfa_factor_not_found", "MFA factor with the provided challenge ID not found"
)
CHALLENGE_ADDRESS: Final = ErrorTemplate(
    422, "mfa_ip_address_mismatch", "Challenge and verify IP addresses mismatch."
)
CHALLENGE_EXPIRED: Final = ErrorTemplate(
    422,
    "mfa_challenge_expired",
    "MFA challenge {id} has expired, verify against another challenge or create a new challenge.",
)
MFA_CODE_MISSING: Final = _invalid("Code needs to be non-empty")
MFA_TOTP_WRONG: Final = ErrorTemplate(422, "mfa_verification_failed", "Invalid TOTP code entered")
MFA_PHONE_WRONG: Final = ErrorTemplate(
    422, "mfa_verification_failed", "Invalid MFA Phone code entered"
)
MFA_REJECTED: Final = ErrorTemplate(403, "mfa_verification_rejected", "{message}")

# Administration
USER_UNKNOWN: Final = ErrorTemplate(404, "user_not_found", "User not found")
USER_ID_INVALID: Final = _invalid("user_id must be an UUID", 404)
NEW_ID_INVALID: Final = _invalid("ID must conform to the uuid v4 format")
NEW_ID_NIL: Final = _invalid("ID cannot be a nil uuid")
ADDRESS_MISSING: Final = _invalid("Cannot create a user without either an email or phone")
PASSWORD_OR_HASH: Final = _invalid("Only a password or a password hash should be provided")
BAN_INVALID: Final = _invalid("invalid format for ban duration: {reason}")
HASH_INVALID: Final = _invalid("password_hash is not a bcrypt, argon2 or Firebase scrypt hash")
LINK_USER_UNKNOWN: Final = ErrorTemplate(404, "user_not_found", "User with this email not found")
LINK_TYPE: Final = _invalid("Invalid email action link type requested: {type}")
LINK_INSECURE: Final = _invalid("Enable secure email change to generate link for current email")

# Providers and protocols
PROVIDER_UNSUPPORTED: Final = _invalid("Unsupported provider: {reason}")
CALLBACK_NO_STATE: Final = ErrorTemplate(400, "bad_oauth_callback", "OAuth state parameter missing")
CALLBACK_BAD_STATE: Final = ErrorTemplate(
    400, "bad_oauth_state", "OAuth state parameter is invalid"
)
CALLBACK_EXPIRED: Final = ErrorTemplate(400, "bad_oauth_state", "OAuth state has expired")
CALLBACK_NO_CODE: Final = ErrorTemplate(
    400, "bad_oauth_callback", "OAuth callback with missing authorization code missing"
)
CODE_REFUSED: Final = ErrorTemplate(
    500, "unexpected_failure", "Unable to exchange external code: {code}"
)
PROFILE_FAILED: Final = ErrorTemplate(
    500, "unexpected_failure", "Error getting user profile from external provider"
)
EXTERNAL_NO_EMAIL: Final = ErrorTemplate(
    500, "unexpected_failure", "Error getting user email from external provider"
)
EXTERNAL_UNVERIFIED: Final = ErrorTemplate(
    422,
    "provider_email_needs_verification",
    "Unverified email with {provider}. A confirmation email has been sent to your {provider} email",
)
IDENTITY_LINKED: Final = ErrorTemplate(422, "identity_already_exists", "Identity is already linked")
IDENTITY_TAKEN: Final = ErrorTemplate(
    422, "identity_already_exists", "Identity is already linked to another user"
)
SAML_DISABLED: Final = ErrorTemplate(404, "saml_provider_disabled", "SAML 2.0 is disabled")
PASSKEYS_DISABLED: Final = ErrorTemplate(404, "passkey_disabled", "Passkeys are disabled")
OAUTH_SERVER_DISABLED: Final = ErrorTemplate(404, "feature_disabled", "OAuth server is disabled")
OAUTH_REGISTRATION_DISABLED: Final = ErrorTemplate(
    403,
    "oauth_dynamic_client_registration_disabled",
    "Dynamic client registration is not enabled",
)
OAUTH_CLIENT_ID: Final = _invalid("invalid client_id format")
OAUTH_CLIENT_UNKNOWN: Final = ErrorTemplate(404, "oauth_client_not_found", "OAuth client not found")
OAUTH_CLIENT_INVALID: Final = _invalid("{reason}")
OAUTH_CLIENT_PUBLIC: Final = _invalid("Cannot regenerate secret for public client")
OAUTH_CLIENT_UNCHANGED: Final = _invalid("No fields provided for update")

# Hooks
HOOK_FAILED: Final = ErrorTemplate(500, "unexpected_failure", "{message}")
HOOK_REFUSED: Final = ErrorTemplate(422, "hook_timeout", "{message}")

# The service
NOT_SERVED: Final = ErrorTemplate(404, "EDGE_NOT_SERVED", "{method} {path} is not served locally")
TIMED_OUT: Final = ErrorTemplate(
    504, "request_timeout", "Processing this request timed out, please retry after a moment."
)
# Upstream answers 500; clients keep their session and try again only after a 503.
NO_DATABASE: Final = ErrorTemplate(503, "unexpected_failure", "The database cannot be reached")
DISK_FULL: Final = ErrorTemplate(
    503, "unexpected_failure", "The disk of the database is full: make room on it"
)
DATABASE_FAILED: Final = ErrorTemplate(500, "unexpected_failure", "{message}")
UNEXPECTED: Final = ErrorTemplate(
    500, "unexpected_failure", "Unexpected failure, please check server logs for more information"
)
