"""The runtime's refusals: one table of code, status and message, as the platform words them.

Source: the hosted platform's replies and the Supabase CLI's functions main service.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of the platform itself; no function's code has seen the request, or it failed."""

    status: int
    code: str
    message: str


NOT_FOUND = Refusal(404, "NOT_FOUND", "Requested function was not found")
METHOD_NOT_ALLOWED = Refusal(405, "METHOD_NOT_ALLOWED", "Method not allowed")
WORKER_ERROR = Refusal(500, "WORKER_ERROR", "Function exited due to an error (please check logs)")
BOOT_ERROR = Refusal(503, "BOOT_ERROR", "Function failed to start (please check logs)")
IDLE_TIMEOUT = Refusal(504, "IDLE_TIMEOUT", "Request idle timeout limit (150s) reached")

NO_AUTH_HEADER = Refusal(401, "UNAUTHORIZED_NO_AUTH_HEADER", "Missing authorization header")
INVALID_JWT_FORMAT = Refusal(401, "UNAUTHORIZED_INVALID_JWT_FORMAT", "Invalid JWT format")
INVALID_LEGACY_JWT = Refusal(401, "UNAUTHORIZED_LEGACY_JWT", "Invalid JWT")
INVALID_ASYMMETRIC_JWT = Refusal(401, "UNAUTHORIZED_ASYMMETRIC_JWT", "Invalid JWT")


def unsupported_algorithm(algorithm: str | None) -> Refusal:
    """A token whose header names an algorithm that we do not verify."""
    return Refusal(
        401, "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM", f"Unsupported JWT algorithm {algorithm}"
    )


class WorkerError(Exception):
    """A worker could not answer; `refusal` is what the client is told."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
