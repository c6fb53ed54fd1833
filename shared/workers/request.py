"""What the functions of the registry share: the URL in a request, the form of an error."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ConfigDict

from shared.env import SupabaseEnv
from shared.errors import BadInputError, FunctionError, render_error
from shared.http.body import Input
from shared.http.fetch import FetchError, check_url
from shared.runtime.log import RequestLog
from shared.workers.env import call_policy
from shared.workers.registry import WorkerType

MAX_BODY: Final = 1 << 16
_NOTED: Final = ("auto_registered", "registration_method", "detection_method", "capabilities")


class RegistrationInput(Input):
    """A worker's URL, and what workers tell about themselves; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    worker_url: str | None = None
    workerUrl: str | None = None  # noqa: N815 - the admin page sends it
    worker_type: str | None = None
    auto_registered: bool = False
    registration_method: str | None = None
    detection_method: str | None = None
    capabilities: dict[str, Any] | None = None
    weight: int | None = None
    concurrency: int | None = None
    key_secret: str | None = None

    @property
    def url(self) -> str | None:
        """The URL without a slash at its end, None if none is given."""
        given = (self.worker_url or self.workerUrl or "").strip()
        return given.rstrip("/") or None

    def details(self) -> dict[str, Any]:
        """Return what is kept as the registration."""
        given = self.model_dump()
        return {name: given[name] for name in _NOTED if given[name] is not None}


def check_worker_url(url: str | None, env: SupabaseEnv) -> str:
    """Return a URL that may be called. Raises BadInputError."""
    if url is None:
        raise BadInputError("worker_url is required", code="WORKER_URL_MISSING")
    try:
        check_url(url, call_policy(env, seconds=5))
    except FetchError as exc:
        raise BadInputError(f"Invalid worker_url: {exc}", code="WORKER_URL_INVALID") from exc
    return url


def read_type(given: str | None, default: WorkerType) -> WorkerType:
    """Return the type of worker; other names than ours mean the default. Raises BadInputError."""
    if given in (None, "", "pure_inference_engine"):
        return default
    match given:
        case "sdxl" | "wan" | "chat":
            return given
        case _:
            raise BadInputError(
                "worker_type must be sdxl, wan or chat.", code="WORKER_TYPE_UNKNOWN"
            )


def error_body(error: FunctionError, _log: RequestLog) -> Mapping[str, Any]:
    """Render an error as the clients of these functions read it."""
    return {"success": False, **render_error(error)}
