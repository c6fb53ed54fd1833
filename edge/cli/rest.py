"""`edge rest`: the data API alone, with PostgREST's own settings."""

from typing import Annotated

import typer


def rest(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port to listen on; PGRST_SERVER_PORT by default."),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; PGRST_SERVER_HOST by default.")
    ] = None,
) -> None:
    """Serve the data API alone, for any database, with PostgREST's variables (PGRST_DB_URI …).

    Settings `pgrst.*` of the login role in the database win, as with PostgREST.
    """
    from edge.rest_server import serve

    serve(host=host, port=port)
