"""The catalogue of the data API's own errors: code → status and message.

Follows PostgREST's Error.hs (docs.postgrest.org, "Errors"). Codes are grouped by stage:
0 connection, 1 request, 2 schema cache, 3 token.
"""

from collections.abc import Mapping
from typing import Any, Final

from edge.emulator.wire import WireError

_INVALID_FILTERS = "Filters must include all and only primary key columns with 'eq' operators"
_GUC_HEADERS = (
    "response.headers guc must be a JSON array composed of objects"
    " with a single key and a string value"
)
_AMBIGUOUS_EMBED = (
    "Could not embed because more than one relationship was found for '{origin}' and '{target}'"
)
_NO_RELATIONSHIP = (
    "Could not find a relationship between '{origin}' and '{target}' in the schema cache"
)
_MAX_AFFECTED_RPC = (
    "Function must return SETOF or TABLE when max-affected preference is used with handling=strict"
)

CATALOGUE: Final[Mapping[str, tuple[int, str]]] = {
    "PGRST000": (503, "Database connection error. Retrying the connection."),
    "PGRST001": (503, "Database client error. Retrying the connection."),
    "PGRST002": (503, "Could not query the database for the schema cache. Retrying."),
    "PGRST003": (504, "Timed out acquiring connection from connection pool."),
    "PGRST100": (400, '"{subject}" (line 1, column {column})'),
    "PGRST101": (405, "Cannot use the {method} method on RPC"),
    "PGRST102": (400, "{reason}"),
    "PGRST103": (416, "Requested range not satisfiable"),
    "PGRST105": (405, _INVALID_FILTERS),
    "PGRST106": (406, "Invalid schema: {schema}"),
    "PGRST107": (406, "None of these media types are available: {accepted}"),
    "PGRST108": (400, "'{resource}' is not an embedded resource in this request"),
    "PGRST111": (500, _GUC_HEADERS),
    "PGRST112": (500, "response.status guc must be a valid status code"),
    "PGRST114": (400, "limit/offset querystring parameters are not allowed for PUT"),
    "PGRST115": (400, "Payload values do not match URL in primary key column(s)"),
    "PGRST116": (406, "Cannot coerce the result to a single JSON object"),
    "PGRST117": (405, "Unsupported HTTP method: {method}"),
    "PGRST118": (400, "A related order on '{target}' is not possible"),
    "PGRST121": (500, "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error"),
    "PGRST122": (400, "Invalid preferences given with handling=strict"),
    "PGRST123": (400, "Use of aggregate functions is not allowed"),
    "PGRST124": (400, "Query result exceeds max-affected preference constraint"),
    "PGRST125": (404, "Invalid path specified in request URL"),
    "PGRST126": (404, "Root endpoint metadata is disabled"),
    "PGRST127": (400, "Feature not implemented"),
    "PGRST128": (400, _MAX_AFFECTED_RPC),
    "PGRST200": (400, _NO_RELATIONSHIP),
    "PGRST201": (300, _AMBIGUOUS_EMBED),
    "PGRST202": (404, "Could not find the function {function} in the schema cache"),
    "PGRST203": (300, "Could not choose the best candidate function between: {candidates}"),
    "PGRST204": (400, "Could not find the '{column}' column of '{table}' in the schema cache"),
    "PGRST205": (404, "Could not find the table '{schema}.{table}' in the schema cache"),
    "PGRST301": (401, "{reason}"),
    "PGRST302": (401, "Anonymous access is disabled"),
    "PGRST303": (401, "{reason}"),
    "PGRSTX00": (500, "Internal error"),
    # Postgres' own errors for unknown names, raised by planning before any SQL is rendered.
    "42703": (400, "column {relation}.{column} does not exist"),
    "42704": (400, 'type "{type}" does not exist'),
    # No upstream code: PostgREST leaves the limit to the proxy in front of it.
    "EDGE_BODY_TOO_LARGE": (413, "The request body is larger than {limit} bytes"),
    "EDGE_TOO_MANY_ROWS": (
        413,
        "The request body has more than {limit} rows: send several requests",
    ),
    "EDGE_TOO_MANY_BODIES": (503, "Too many large request bodies at once: try again"),
}


class RestError(WireError):
    """An error response of the data API: {code, message, details, hint}."""

    def __init__(
        self,
        code: str,
        status: int,
        message: str,
        *,
        details: Any = None,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, headers)
        self.code = code
        self.details = details
        self.hint = hint

    def body(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "details": self.details,
            "hint": self.hint,
            "message": self.message,
        }


class UnknownNameError(RestError):
    """A name is not in the schema cache; the request is retried after a reload."""


def rest_error(
    code: str,
    *,
    details: Any = None,
    hint: str | None = None,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> RestError:
    """Return the catalogue's error `code`, its message formatted with `values`."""
    status, template = CATALOGUE[code]
    kind = UnknownNameError if code[:6] == "PGRST2" or code in {"42703", "42704"} else RestError
    message = template.format_map(values)
    return kind(code, status, message, details=details, hint=hint, headers=headers)
