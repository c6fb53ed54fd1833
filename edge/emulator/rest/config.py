"""Settings of the data API, named after PostgREST's configuration (Config.hs)."""

from typing import Final

from edge.emulator.rest.record import record
from edge.emulator.rest.request.role_claim import ROLE_CLAIM, ClaimPath

MEGABYTE: Final = 1024 * 1024


@record
class RestConfig:
    """Settings of one data API; the defaults are a Supabase project's, without its row limit.

    `max_body` is in bytes, `pool_timeout` in seconds. `app_settings` are set for each request, for
    functions to read with current_setting(). `root_routine` answers instead of the OpenAPI
    document, whose `openapi_mode` is follow-privileges, ignore-privileges or disabled, and whose
    paths are below `server_url`. Without `explains_errors`, errors have no details and no hint.
    With `reads_role_settings`, the settings `pgrst.*` of the login role win. Responses have the
    request's `trace_header`.
    """

    schemas: tuple[str, ...] = ("public",)
    extra_search_path: tuple[str, ...] = ("public", "extensions")
    anon_role: str = "anon"
    max_rows: int | None = None
    tx_rollback: bool = False
    tx_allow_override: bool = False
    pre_request: str | None = None
    safeupdate: bool = True
    aggregates_enabled: bool = False
    plan_enabled: bool = False
    app_settings: tuple[tuple[str, str], ...] = ()
    root_routine: str | None = None
    openapi_mode: str = "follow-privileges"
    openapi_security_active: bool = False
    server_url: str = "http://0.0.0.0:3000/"
    jwt_audience: str | None = None
    role_claim: ClaimPath = ROLE_CLAIM
    explains_errors: bool = True
    reads_role_settings: bool = True
    trace_header: str | None = None
    max_body: int = 50 * MEGABYTE
    pool_size: int = 20
    pool_timeout: float = 10.0
