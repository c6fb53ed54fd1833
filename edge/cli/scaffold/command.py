"""`edge init`: create a project."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from edge.cli.console import remark


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Created if missing; this folder by default.")
    ] = Path(),
    *,
    ci: Annotated[
        Literal["github"] | None,
        typer.Option("--ci", help="Add a workflow: checks, plans and deployments."),
    ] = None,
) -> None:
    """Create a project: a function with its test, shared/, a migration, a README.

    In a Supabase project it adds a Python function beside what is there, and changes no file.
    """
    from edge.cli.scaffold.project import adopt_project
    from edge.project.layout import is_project

    if is_project(folder) and ((folder / "supabase").is_dir() or ci):
        _adopt(folder, adopt_project(folder))
    else:
        _create(folder)
    if ci:
        _add_workflow(folder)


def _create(folder: Path) -> None:
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


def _adopt(folder: Path, files: Mapping[str, str]) -> None:
    from edge.cli.scaffold.function import write_files

    write_files(folder, files)
    for name in sorted(files):
        if not name.startswith("shared/"):
            remark(f"+ {name}", "green")
    if any(name.startswith("shared/") for name in files):
        remark("+ shared/", "green")
    remark("Nothing that was there has been changed." if files else "Everything is there already.")
    remark("Next: edge start")


def _add_workflow(folder: Path) -> None:
    from edge.cli.scaffold.ci import plan_workflow

    workflow = plan_workflow(folder)
    if workflow.path.exists():
        remark(f"{workflow.path} is there already: it is not changed.")
        return
    workflow.path.parent.mkdir(parents=True, exist_ok=True)
    workflow.path.write_text(workflow.text, encoding="utf-8")
    remark(f"+ {workflow.path}", "green")
    environments = ", ".join(workflow.environments)
    remark(
        f"It deploys to {environments} once the variable EDGE_DEPLOY is true; its first lines "
        "name all variables and secrets."
    )
