"""All commands of `edge`.

A command imports what it needs when it runs, so that `edge --help` and completion stay quick.
"""

import typer

from edge.cli.auth import auth
from edge.cli.config import config
from edge.cli.contributed import EdgeGroup
from edge.cli.db.commands import app as db
from edge.cli.deploy.bundle import bundle
from edge.cli.deploy.command import deploy
from edge.cli.functions.commands import app as functions
from edge.cli.gen.commands import app as gen
from edge.cli.link.commands import link, unlink
from edge.cli.logs import logs
from edge.cli.operator_console import console
from edge.cli.relay.commands import app as relay
from edge.cli.requests.commands import replay, requests
from edge.cli.rest import rest
from edge.cli.scaffold.command import init
from edge.cli.secrets.commands import app as secrets
from edge.cli.serve import serve
from edge.cli.smoke import smoke
from edge.cli.start.commands import start, status, stop
from edge.cli.storage.commands import app as storage

EXIT_CODES = (
    "Exit status: 0 done · 1 the operation failed (a non-2xx response, a failed check) · "
    "2 wrong usage, or a problem you can fix, such as a stack that does not run · 130 Ctrl-C."
)

app = typer.Typer(
    cls=EdgeGroup,
    help="Supabase-style edge functions in Python, on this machine.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(init)
app.command()(start)
app.command()(stop)
app.command()(status)
app.command()(config)
app.command()(link)
app.command()(unlink)
app.command()(logs)
app.command()(requests)
app.command()(replay)
app.command()(serve)
app.command()(console)
app.command()(auth)
app.command()(rest)
app.command()(bundle)
app.command()(deploy)
app.command("test")(smoke)
app.add_typer(functions, name="functions")
app.add_typer(relay, name="relay")
app.add_typer(secrets, name="secrets")
app.add_typer(db, name="db")
app.add_typer(gen, name="gen")
app.add_typer(storage, name="storage")
