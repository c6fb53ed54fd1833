"""The built-in commands of `edge`: where each is defined, and the help that the list shows.

A command's module is imported when it is called, completed, or its own help is shown. The help is
the first paragraph of its docstring, which a test compares.
"""

import importlib
from collections.abc import Mapping
from typing import Any, Final

BUILT_IN: Final[Mapping[str, tuple[str, str]]] = {
    "init": (
        "edge.cli.scaffold.command:init",
        "Create a project: a function with its test, shared/, a migration, a README.",
    ),
    "start": (
        "edge.cli.start.commands:start",
        "Serve the whole stack until Ctrl-C: functions, data API, Postgres and local models.",
    ),
    "stop": (
        "edge.cli.start.commands:stop",
        "Stop the stack of this project, whichever terminal it runs in.",
    ),
    "status": (
        "edge.cli.start.commands:status",
        "Show URLs and keys of the running stack; exit status 2 if none runs.",
    ),
    "config": (
        "edge.cli.config:config",
        "Show each setting of supabase/config.toml: used, or why it is not; secrets are hidden.",
    ),
    "link": (
        "edge.cli.link.commands:link",
        "Write a hosted project's URL and keys into .env.production, mode 600.",
    ),
    "unlink": (
        "edge.cli.link.commands:unlink",
        "Forget the linked project, and remove its URL and keys from the env files.",
    ),
    "logs": ("edge.cli.logs:logs", "Show the last log entries, and with -f new ones."),
    "requests": (
        "edge.cli.requests.commands:requests",
        "Show recorded requests, the newest last; with an ID, one with its spans, logs and bodies.",
    ),
    "replay": (
        "edge.cli.requests.commands:replay",
        "Send a recorded request again, and show how the answer differs.",
    ),
    "serve": (
        "edge.cli.serve:serve",
        "Serve all functions against a real project: no emulator, no reload, logs as JSON.",
    ),
    "console": (
        "edge.cli.operator_console:console",
        "Serve the console of a hosted project to its operators: to read, and to write for some.",
    ),
    "auth": (
        "edge.cli.auth:auth",
        "Serve Auth alone, for any database, with GoTrue's variables (GOTRUE_SITE_URL …).",
    ),
    "rest": (
        "edge.cli.rest:rest",
        "Serve the data API alone, for any database, with PostgREST's variables (PGRST_DB_URI …).",
    ),
    "bundle": (
        "edge.cli.deploy.bundle:bundle",
        "Write each function with only what it needs into a separate folder.",
    ),
    "deploy": (
        "edge.cli.deploy.command:deploy",
        "Deploy functions to cloud-run, knative or container; unchanged ones are skipped.",
    ),
    "test": (
        "edge.cli.smoke:smoke",
        "Check a deployment with requests that only read, or write marked test data.",
    ),
    "functions": (
        "edge.cli.functions.commands:app",
        "Create, serve, list, call, deploy and delete functions.",
    ),
    "relay": (
        "edge.cli.relay.commands:app",
        "Let the hosted project's own URL reach deployed functions.",
    ),
    "secrets": (
        "edge.cli.secrets.commands:app",
        "Set, list and remove secrets. A function gets those that its function.toml lists.",
    ),
    "db": ("edge.cli.db.commands:app", "The local database."),
    "gen": ("edge.cli.gen.commands:app", "Files made from the database."),
    "storage": (
        "edge.cli.storage.commands:app",
        "List, copy, move and remove objects, named ss:///BUCKET/PATH.",
    ),
}


def import_command(name: str) -> Any:
    """Import a built-in command: a typer app, or a function."""
    module, _, attribute = BUILT_IN[name][0].partition(":")
    return getattr(importlib.import_module(module), attribute)
