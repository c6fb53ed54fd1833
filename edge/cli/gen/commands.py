"""`edge gen`: files made from the running database."""

from pathlib import Path
from typing import Annotated

import typer

from edge.cli import options
from edge.cli.console import remark
from edge.cli.running import require_database, require_running

app = typer.Typer(help="Files made from the database.", no_args_is_help=True)


@app.command()
def types(
    schema: Annotated[
        list[str] | None, typer.Option(help="A schema; again for more. [those of api.schemas]")
    ] = None,
    db_url: Annotated[
        str | None, typer.Option(help="Another database than the running stack's.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A file instead of standard output.")
    ] = None,
    workdir: options.Workdir = options.HERE,
) -> None:
    """Write pydantic models of tables, views, enums and functions."""
    import sys

    from edge.cli.gen.catalogue import read_catalogue
    from edge.cli.gen.models import render_models
    from edge.project.settings import load_settings

    schemas = schema or [s for s in load_settings(workdir).schemas if s != "graphql_public"]
    text = render_models(
        read_catalogue(db_url or require_database(require_running(workdir)), schemas)
    )
    if out is None:
        sys.stdout.write(text)
        return
    out.write_text(text, encoding="utf-8")
    remark(f"Wrote {out}.")
