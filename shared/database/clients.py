"""The way to the project's own services: one HTTP pool, a client for us and one for the caller."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from shared.env import SupabaseEnv
from shared.errors import (
    BadInputError,
    ConfigurationError,
    ConflictError,
    ForbiddenError,
    FunctionError,
    InternalError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
)
from shared.http.tls import verify_for
from shared.runtime.trace import pass_trace_on

if TYPE_CHECKING:
    import httpx
    from postgrest.exceptions import APIError
    from supabase import AsyncClient

_CONNECT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 30.0
_UNAVAILABLE_CODES: Final = ("PGRST000", "PGRST001", "PGRST002", "PGRST003")
_UNAVAILABLE_CLASSES: Final = ("08", "53", "57P")
_STATEMENT_CANCELLED: Final = "57014"
# Undone for another transaction, so worth a second try: serialization, deadlock, lock timeout.
_CONFLICTS: Final = ("40001", "40P01", "55P03")
_RAISED_BY_US: Final = "PT"
_BY_STATUS: Final[dict[str, type[FunctionError]]] = {
    "400": BadInputError,
    "403": ForbiddenError,
    "404": NotFoundError,
    "409": ConflictError,
}


class DatabaseTimeoutError(UnavailableError):
    """The database works, but a call reached its time limit: 504, worth another try."""

    status = 504
    default_code = "DATABASE_TIMEOUT"


_pools: Final[dict[str, "httpx.AsyncClient"]] = {}


def http_pool(url: str) -> "httpx.AsyncClient":
    """Return the connection pool that all requests of this worker share."""
    import httpx  # imported on first use: a function that needs no database starts sooner

    if url not in _pools:
        _pools[url] = httpx.AsyncClient(
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
            verify=verify_for(url),
            event_hooks={"request": [pass_trace_on]},
        )
    return _pools[url]


async def close_http_pools() -> None:
    """Close the pools, before the event loop that they belong to ends."""
    while _pools:
        await _pools.popitem()[1].aclose()


@lru_cache(maxsize=1)
def admin_client(env: SupabaseEnv) -> "AsyncClient":
    """Return the client that bypasses row-level security; one for all requests."""
    return _client(env, env.secret_key, None)


def caller_client(env: SupabaseEnv, token: str | None) -> "AsyncClient":
    """Return a client with the rights of `token`, or of `anon` without one."""
    return _client(env, env.publishable_key, token)


def _client(env: SupabaseEnv, key: str, token: str | None) -> "AsyncClient":
    from supabase import AsyncClient, AsyncClientOptions

    if not env.url:
        raise ConfigurationError("SUPABASE_URL is not set")
    options = AsyncClientOptions(
        httpx_client=http_pool(env.url),
        auto_refresh_token=False,
        persist_session=False,
        postgrest_client_retry=False,  # the caller of the function retries
    )
    if token is not None:
        options.headers["Authorization"] = f"Bearer {token}"
    return AsyncClient(env.url, key, options)


def translate_database_error(error: Exception, project_url: str) -> FunctionError | None:
    """Translate a failed call of the data API for our caller; None for other errors."""
    import httpx
    from postgrest.exceptions import APIError

    if isinstance(error, httpx.TransportError):
        return _translate_transport(error) if _is_call_of(error, project_url) else None
    return _translate(error) if isinstance(error, APIError) else None


def _translate_transport(error: "httpx.TransportError") -> FunctionError:
    """A slow answer is not an unreachable database: name the limit that was reached."""
    import httpx

    if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout):
        seconds = error.request.extensions.get("timeout", {}).get("read")
        within = f"within {seconds:g} s" if seconds else "in time"
        return _timeout(f"The database did not answer {within}, the limit of this call.")
    if isinstance(error, httpx.PoolTimeout):
        return _busy("All connections of this function to the database stayed busy.")
    return _unavailable()


def _busy(message: str) -> FunctionError:
    return UnavailableError(message, code="DATABASE_BUSY", headers={"Retry-After": "1"})


def _timeout(message: str) -> FunctionError:
    return DatabaseTimeoutError(message)


def _is_call_of(error: "httpx.TransportError", project_url: str) -> bool:
    """Return whether the error is of the project's URL: handlers call other services too."""
    import httpx

    try:
        called = error.request.url
    except RuntimeError:  # not raised by a client: the URL is unknown
        return False
    project = httpx.URL(project_url)
    return (called.scheme, called.host, called.port) == (project.scheme, project.host, project.port)


def _translate(error: "APIError") -> FunctionError:
    code = error.code or ""
    if code.startswith(_RAISED_BY_US):
        return _raised_in_sql(code.removeprefix(_RAISED_BY_US), error)
    if code in _UNAVAILABLE_CODES or code.startswith(_UNAVAILABLE_CLASSES) or _is_gateway(code):
        return _unavailable()
    if code.startswith("PGRST30"):
        return UnauthorizedError()
    return _by_sqlstate(code)


def _by_sqlstate(code: str) -> FunctionError:
    if code == "42501":
        return ForbiddenError("The caller may not do this to these rows.")
    if code in {"23503", "23505"}:
        return ConflictError("What is stored has changed meanwhile or does not allow this.")
    if code in _CONFLICTS:
        return _busy("Another transaction held what this one needed; try it again.")
    if code == _STATEMENT_CANCELLED:
        return _timeout("A statement took longer than the role's statement_timeout allows.")
    return InternalError()


def _raised_in_sql(status: str, error: "APIError") -> FunctionError:
    """`raise exception … using errcode = 'PT409', detail = 'VIDEO_TAKEN'`."""
    kind = _BY_STATUS.get(status)
    if kind is None:
        return InternalError()
    detail: Any = error.details
    code = detail if isinstance(detail, str) and detail.isupper() else None
    return kind(error.message or "The database refused this.", code=code)


def _is_gateway(code: str) -> bool:
    """Return the HTTP status that stands as code where the data API did not answer."""
    return len(code) == 3 and code.startswith("5")


def _unavailable() -> FunctionError:
    return UnavailableError(
        "The database cannot be reached just now.",
        code="DATABASE_UNAVAILABLE",
        headers={"Retry-After": "1"},
    )
