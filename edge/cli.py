"""The `edge` command: start, stop and status of the local stack."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from edge.errors import EdgeError
from edge.lock import Lock
from edge.settings import PROVIDERS, Settings, load_settings
from edge.stack import Stack
from edge.terminal import Terminal

app = typer.Typer(
    help="Supabase-style edge functions in Python, on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
Workdir = Annotated[
    Path, typer.Option("--workdir", help="The project: it holds functions/ and supabase/.")
]
_HERE = Path()
_console = Console(stderr=True)


@app.callback()
def _root() -> None:
    """Keep `edge start` a subcommand."""


@app.command()
def start(
    workdir: Workdir = _HERE,
    port: Annotated[int | None, typer.Option(help="API port; 0 takes any free one.")] = None,
    db_port: Annotated[int | None, typer.Option(help="Postgres port; 0: any.")] = None,
    output: Annotated[str, typer.Option("-o", "--output", help="pretty or json.")] = "pretty",
    no_reload: Annotated[bool, typer.Option("--no-reload", help="Do not watch files.")] = False,
) -> None:
    """Serve the whole stack until Ctrl-C: functions, data API, Postgres and local models.

    With `-o json` one line with URLs and keys goes to standard output once all is ready; logs
    always go to standard error.
    """
    settings = load_settings(workdir, port=port, db_port=db_port)
    if not (settings.root / "functions").is_dir():
        raise EdgeError(
            f"There is no functions/ folder in {settings.root}.",
            cure="Go to your project, or name it: edge start --workdir DIR",
        )
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, reload=not no_reload, as_json=output == "json"))


@app.command()
def stop(workdir: Workdir = _HERE) -> None:
    """Stop the stack of this project, whichever terminal it runs in."""
    stopped = _lock(workdir).stop_holder()
    _console.print("Stopped." if stopped else "Nothing was running.")


@app.command()
def status(
    workdir: Workdir = _HERE,
    output: Annotated[str, typer.Option("-o", "--output", help="pretty, env or json.")] = "pretty",
) -> None:
    """Show URLs and keys of the running stack; exit 1 when none runs."""
    holder = _lock(workdir).holder()
    if holder is None:
        raise EdgeError("The stack of this project does not run.", cure="edge start")
    _print_details(holder, output)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The fast event loop, where there is one."""
    with suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


def _lock(workdir: Path) -> Lock:
    return Lock(load_settings(workdir).state_dir / "lock")


async def _serve(settings: Settings, *, reload: bool, as_json: bool) -> None:
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # failed statements are answers to us
    terminal = Terminal(_console)
    stop_asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, stop_asked.set)
    stack = Stack(settings, terminal, reload=reload)
    starting = asyncio.create_task(stack.start())
    stopping = asyncio.create_task(stop_asked.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
    try:
        await starting
        _announce(stack, as_json=as_json)
        await stopping
        _console.print("\nStopping …", style="dim")
    except asyncio.CancelledError:
        return
    finally:
        stopping.cancel()
        await stack.close()


def _announce(stack: Stack, *, as_json: bool) -> None:
    settings = stack.settings
    for name in settings.ignored:
        _console.print(f"Env name cannot start with SUPABASE_, skipping: {name}", style="yellow")
    for migration in stack.applied:
        _console.print(f"applied {migration.path.name}", style="dim", highlight=False)
    if as_json:
        sys.stdout.write(json.dumps(settings.describe()) + "\n")
        sys.stdout.flush()
        return
    _print_details(settings.describe(), "pretty", console=_console)
    _console.print("[bold]Functions[/bold]")
    for slug in stack.functions.functions:
        _console.print(f"  {settings.api_url}/functions/v1/{slug}", highlight=False)
    _console.print("[bold]Models[/bold]")
    for provider in PROVIDERS:
        kind = "real" if settings.is_real(provider) else "local, extractive, no key needed"
        _console.print(f"  {provider.name:<10} {kind}", highlight=False)
    _console.print("Ctrl-C stops everything.\n", style="dim")


def _print_details(details: dict[str, str], output: str, *, console: Console | None = None) -> None:
    if output == "json":
        sys.stdout.write(json.dumps(details, indent=2) + "\n")
    elif output == "env":
        sys.stdout.writelines(f'{name}="{value}"\n' for name, value in details.items())
    else:
        console = console or Console()
        for name, value in details.items():
            label = name.replace("_", " ").lower()
            console.print(f"{label:>18}: [cyan]{value}[/cyan]", soft_wrap=True, highlight=False)


def main() -> NoReturn:
    """Run the command line; an EdgeError is a message, its cure, and exit status 2."""
    try:
        app()
    except EdgeError as exc:
        _console.print(f"[bold red]✗[/bold red] {exc.message}", highlight=False, soft_wrap=True)
        if exc.cure:
            _console.print(f"  {exc.cure}", highlight=False, soft_wrap=True)
        raise SystemExit(2) from exc
    raise SystemExit(0)
