"""The connection string of a hosted project's database; no message shows its password."""

from pathlib import Path
from urllib.parse import quote, unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from edge.cli.link.linking import linked_db_url
from edge.errors import EdgeError

CURE = "Take the connection string from the project's settings: --db-url or SUPABASE_DB_URL."


def choose_url(given: str | None, workdir: Path) -> str:
    """Return the given connection string, else the linked project's. Raises EdgeError."""
    url = given or linked_db_url(workdir.resolve())
    if not url:
        raise EdgeError(
            "Which database? There is no --db-url, and no project is linked with its database.",
            cure="edge link --project-ref REF --password …, or --db-url or SUPABASE_DB_URL",
        )
    return url


def describe_host(url: str) -> str:
    """Return host and database name. Raises EdgeError if the string cannot be what is meant."""
    _check_password(url)
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        raise EdgeError("That is not a connection string.", cure=CURE) from None
    return f"{parts.get('host') or 'localhost'}/{parts.get('dbname') or 'postgres'}"


def _check_password(url: str) -> None:
    """Refuse a password with characters that end it: the rest would be read as host or path."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgres", "postgresql"} or "@" not in rest:
        return
    credentials = rest.rpartition("@")[0]
    password = credentials.partition(":")[2]
    is_encoded = quote(unquote(password), safe="!$&'()*+,;=-._~") == password
    if any(character in credentials for character in "@/?#[] ") or (
        "%" in password and not is_encoded and "%" in unquote(password)
    ):
        raise EdgeError(
            "The password in the connection string has characters that mean something else there.",
            cure="Percent-encode it: @ is %40, # is %23, / is %2F, : is %3A, % is %25.",
        )
