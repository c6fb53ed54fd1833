"""The commands, put together.

Every command imports what it works with when it runs: `edge --help` and completion stay quick.
"""

import typer

from edge.cli import campaign, database, functions, secrets
from edge.cli.bundle import bundle
from edge.cli.deploy import deploy
from edge.cli.init import init
from edge.cli.logs import logs
from edge.cli.production import serve
from edge.cli.smoke import smoke
from edge.cli.stack import start, status, stop

EXIT_CODES = (
    "Exit status: 0 done · 1 what was asked about failed (a call that was not answered with 2xx) · "
    "2 wrong usage, or something to mend, such as a stack that does not run · 130 Ctrl-C."
)

app = typer.Typer(
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
app.command()(logs)
app.command()(serve)
app.command()(bundle)
app.command()(deploy)
app.command("test")(smoke)
app.add_typer(functions.app, name="functions")
app.add_typer(secrets.app, name="secrets")
app.add_typer(database.app, name="db")
app.add_typer(campaign.app, name="campaign")
