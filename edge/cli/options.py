"""Options and arguments that several commands share; imports nothing heavy."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import typer

from edge.errors import EdgeError

HERE = Path()

Format = Literal["pretty", "json"]
LogFormat = Literal["text", "json"]


_FUNCTIONS: Final = ("functions", "supabase/functions")
_TARGETS: Final = ("cloud-run", "knative", "container")


def complete_function(context: typer.Context, incomplete: str) -> list[str]:
    """Complete a function's name from the folders of functions/, without reading function.toml."""
    root = Path(context.params.get("workdir") or HERE)
    folders = (path for folder in _FUNCTIONS for path in root.glob(f"{folder}/*/main.py"))
    names = (path.parent.name.replace("_", "-") for path in folders)
    return sorted(name for name in names if name.startswith(incomplete))


def _complete_target(incomplete: str) -> list[str]:
    return [name for name in _TARGETS if name.startswith(incomplete)]


def _locate_project(given: Path) -> Path:
    """Return the project around the current folder, unless --workdir names one."""
    if given != HERE:
        return given
    from edge.project.layout import find_project

    return find_project(given)


Workdir = Annotated[
    Path,
    typer.Option(
        "--workdir",
        help="The project's folder, with functions/ and supabase/. [the one around this folder]",
        show_default=False,
        callback=_locate_project,
    ),
]
Output = Annotated[Format, typer.Option("-o", "--output", help="Readable, or JSON for scripts.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]


def function_names(meaning: str) -> Any:
    """Return the argument of any number of functions, for an annotation."""
    return typer.Argument(metavar="[NAME]...", help=meaning, autocompletion=complete_function)


FunctionName = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The function.", autocompletion=complete_function),
]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="API port; 0 takes any free one.")]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines call.")]
EnvFile = Annotated[
    Path | None,
    typer.Option(help="Instead of functions/.env and each functions/NAME/.env."),
]
NoVerifyJwt = Annotated[
    bool, typer.Option("--no-verify-jwt", help="Let requests through without a token.")
]
PolicyChoice = Annotated[
    Literal["per_worker", "oneshot"] | None,
    typer.Option(help="Reuse workers, or start one for each request."),
]
LimitsChoice = Annotated[
    Literal["off", "local", "hosted"],
    typer.Option(help="Memory, CPU and time: none, function.toml's, or the platform's as well."),
]
NoReload = Annotated[bool, typer.Option("--no-reload", help="Do not watch files.")]
Inspect = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Let a debugger attach to this function (debugpy); suspends its limits.",
        autocompletion=complete_function,
    ),
]
InspectPort = Annotated[int | None, typer.Option(min=1, max=65535, help="Port of debugpy.")]
KeepGoing = Annotated[
    bool,
    typer.Option(
        "--keep-going", help="Leave out statements that the database does not take, and go on."
    ),
]
Upstream = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Where TypeScript functions are served: `supabase functions serve`, a hosted project.",
    ),
]
NoFork = Annotated[
    bool,
    typer.Option("--no-fork", help="Start each worker as a new process instead of forking: slow."),
]
IsolateUsers = Annotated[
    bool,
    typer.Option("--isolate-users", help="As root: run each function under a separate user."),
]
LogFormatChoice = Annotated[
    LogFormat, typer.Option(help="Logs on standard error: readable, or a JSON object a line.")
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="cloud-run|knative|container",
        help="Where to; configured in deploy.toml.",
        autocompletion=_complete_target,
    ),
]
Env = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Environment of deploy.toml: staging, production."),
]


def check_upstream(url: str | None) -> str | None:
    """Return the URL without a path. Raises EdgeError if it is none."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise EdgeError(f"--upstream {url} is not a URL.", cure="Like http://127.0.0.1:54331")
    return f"{parts.scheme}://{parts.netloc}"


def selected_target(target: str | None, env: str | None) -> str | None:
    """Return the target, None for this machine. Raises EdgeError for --env without --target."""
    if env and not target:
        raise EdgeError("--env needs --target.", cure="Add for example --target cloud-run.")
    return target
