"""`edge worker`: list the workers of media jobs, start one, remove one; keys of their own."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import httpx
import typer
from rich.table import Table
from rich.text import Text

from backend.campaigns.project import (
    CampaignError,
    CampaignGroup,
    messages,
    note,
    print_json,
    running_stack,
)

app = typer.Typer(cls=CampaignGroup, help="The workers of media jobs.", no_args_is_help=True)
keys = typer.Typer(
    cls=CampaignGroup, help="Keys of single workers, as WORKER_KEY.", no_args_is_help=True
)
app.add_typer(keys, name="key")

Format = Literal["pretty", "json"]
Workdir = Annotated[Path, typer.Option("--workdir", help="The project's folder.")]
HERE: Final = Path()
_COLUMNS: Final = ("worker_type", "kind", "health", "latency_ms")
_COLOURS: Final = {"healthy": "green", "unhealthy": "red"}
_KEY: Final = "SUPABASE_SERVICE_ROLE_KEY"


@app.command("list")
def list_workers(
    *,
    workdir: Workdir = HERE,
    output: Annotated[Format, typer.Option("-o", "--output")] = "pretty",
) -> None:
    """List the registered workers and their health."""
    order = "select=*&order=worker_type,health,base_url"
    rows = _call(running_stack(workdir), "GET", f"/rest/v1/workers?{order}")
    if output == "json":
        print_json(rows)
        return
    table = Table("type", "kind", "health", "ms", "url", "error", box=None, pad_edge=False)
    table.columns[4].overflow = "fold"
    for row in rows:
        cells = [Text(str(row[name] if row[name] is not None else "-")) for name in _COLUMNS]
        cells[2].stylize(_COLOURS.get(row["health"], "yellow"))
        table.add_row(*cells, Text(row["base_url"]), Text(row["health_error"] or ""))
    messages.print(table)
    if not rows:
        note("No worker is registered. Start one: edge worker start sdxl")


@app.command()
def start(  # noqa: PLR0913 - the options of a command
    types: Annotated[list[str], typer.Argument(metavar="TYPE…", help="sdxl, wan, chat")],
    *,
    backend: Annotated[str, typer.Option(help="What draws; see python -m workers -h")] = "local",
    project_url: Annotated[
        str, typer.Option(help=f"A hosted project's URL; its key is read from {_KEY}.")
    ] = "",
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0: any.")] = 0,
    public_url: Annotated[str, typer.Option(help="Where the project reaches it.")] = "",
    workdir: Workdir = HERE,
) -> None:
    """Start a worker for the running stack or a hosted project, until Ctrl-C."""
    url = project_url
    if not url:
        stack = running_stack(workdir)
        url = stack["API_URL"]
        os.putenv(_KEY, stack["SERVICE_ROLE_KEY"])
    os.putenv("SUPABASE_URL", url)  # the rest of the environment is inherited
    command = [sys.executable, "-m", "workers", *types, "--backend", backend, "--host", host]
    command += ["--port", str(port), *(["--public-url", public_url] if public_url else [])]
    sys.stdout.flush()
    os.chdir(Path(__file__).parents[2])
    os.execv(command[0], command)  # noqa: S606 - this Python, without a shell


@app.command()
def remove(
    url: Annotated[str, typer.Argument(help="The worker's URL, as listed.")],
    *,
    workdir: Workdir = HERE,
) -> None:
    """Remove a worker from the registry."""
    stack = running_stack(workdir)
    rows = _call(stack, "DELETE", "/rest/v1/workers", params={"base_url": f"eq.{url}"})
    if not rows:
        raise CampaignError(f"There is no worker {url}.", cure="edge worker list")
    note(f"Removed {len(rows)}.", "green")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="The worker's name.")], *, workdir: Workdir = HERE
) -> None:
    """Make a key with which one worker takes jobs, in place of its old one, and print it."""
    print_json({"name": name, "WORKER_KEY": _call_key(workdir, "create", name=name)})


@keys.command("revoke")
def revoke_key(
    name: Annotated[str, typer.Argument(help="The worker's name.")], *, workdir: Workdir = HERE
) -> None:
    """Revoke the key of a worker, at once."""
    if not _call_key(workdir, "revoke", name=name):
        raise CampaignError(f"{name} has no key.", cure="edge worker key list")
    note("Revoked.", "green")


@keys.command("list")
def list_keys(*, workdir: Workdir = HERE) -> None:
    """List the workers that have or had a key."""
    stack = running_stack(workdir)
    print_json(_call(stack, "POST", "/rest/v1/rpc/list_worker_keys_v1", json={}))


def _call_key(workdir: Path, action: str, **arguments: str) -> Any:
    path = f"/rest/v1/rpc/{action}_worker_key_v1"
    return _call(running_stack(workdir), "POST", path, json=arguments)


def _call(stack: dict[str, Any], method: str, path: str, **arguments: Any) -> Any:
    key = stack["SERVICE_ROLE_KEY"]
    headers = {"apikey": key, "authorization": f"Bearer {key}", "prefer": "return=representation"}
    url = f"{stack['API_URL']}{path}"
    response = httpx.request(method, url, headers=headers, timeout=30, **arguments)
    if not response.is_success:
        raise CampaignError(f"The data API answers {response.status_code}: {response.text[:300]}")
    return response.json()
