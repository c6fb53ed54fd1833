"""`edge auth`: the auth service alone, with GoTrue's own settings."""

from pathlib import Path
from typing import Annotated

import typer


def auth(
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port to listen on; PORT or GOTRUE_API_PORT by default."
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; GOTRUE_API_HOST by default.")
    ] = None,
    data: Annotated[
        Path, typer.Option(help="Where its own Postgres keeps its data, without DATABASE_URL.")
    ] = Path(".edge/auth"),
) -> None:
    """Serve Auth alone, for any database, with GoTrue's variables (GOTRUE_SITE_URL …).

    DATABASE_URL or GOTRUE_DB_DATABASE_URL names the database, in which schema auth is created if
    it is missing; without one, a Postgres of its own is started. Mails are at /mail.
    """
    from edge.auth_server import serve

    serve(host=host, port=port, data=data)
