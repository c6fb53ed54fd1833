"""`edge config`: what config.toml says, and what this stack does with it."""

from typing import Annotated

import typer

from edge.cli import options
from edge.cli.console import print_json, print_table, remark

_COLUMNS = ("SETTING", "VALUE", "STATE")


def config(
    unused: Annotated[
        bool, typer.Option("--unused", help="Only settings that are not used here.")
    ] = False,
    workdir: options.Workdir = options.HERE,
    output: options.Output = "pretty",
) -> None:
    """Show each setting of supabase/config.toml: used, or why it is not; secrets are hidden."""
    from edge.project.config_keys import USED, describe_keys
    from edge.project.config_toml import read_config, read_document
    from edge.project.environment import environ_or_default

    path = workdir / "supabase" / "config.toml"
    environ = environ_or_default(None)
    read_config(path, environ)  # an invalid value is reported before the table
    keys = [
        key
        for key in describe_keys(read_document(path, environ))
        if not unused or key.state != USED
    ]
    if output == "json":
        print_json([{"name": k.name, "value": k.value, "state": k.state} for k in keys])
    elif keys:
        print_table(_COLUMNS, ((key.name, key.value, key.state) for key in keys))
    elif path.exists():
        remark("Every setting is used.")
    else:
        remark(f"There is no {path}: the Supabase CLI's defaults hold.")
