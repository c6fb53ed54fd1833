"""Options that name a target, apart from what they name: they cost nothing to import."""

from typing import Annotated, Final

import typer

from edge.errors import EdgeError

_TARGETS: Final = ("cloud-run", "knative", "container")


def _complete_target(incomplete: str) -> list[str]:
    return [name for name in _TARGETS if name.startswith(incomplete)]


Target = Annotated[
    str | None,
    typer.Option(
        metavar="cloud-run|knative|container",
        help="Where; deploy.toml says how it is reached.",
        autocompletion=_complete_target,
    ),
]
Env = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Which environment of deploy.toml: staging, production."),
]


def named(target: str | None, env: str | None) -> str | None:
    """The target that is meant, None for this machine; who names an environment means no folder."""
    if env and not target:
        raise EdgeError("--env is one of a target's.", cure="Name it: --target cloud-run")
    return target
