"""`edge init`: create a project."""

from pathlib import Path
from typing import Annotated

import typer

from edge.cli.console import remark


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Created if missing.")],
) -> None:
    """Create a project: a function with its test, shared/, a migration, a README."""
    from edge.cli.scaffold.function import write_files
    from edge.cli.scaffold.project import plan_project

    files = plan_project(folder.resolve().name)
    write_files(folder, files)
    remark(f"{len(files)} files in {folder}: functions/hello with its test, shared/, supabase/.")
    remark("Next:", "bold")
    if folder.resolve() != Path.cwd():
        remark(f"  cd {folder}")
    remark("  edge start")
    remark("""  edge functions invoke hello --data '{"name": "Ada"}'   # in another terminal""")
