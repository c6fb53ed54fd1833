"""What platforms on which each function is a service of its own refuse alike."""

import re
from collections.abc import Iterator, Sequence

from edge.deploy.workload import Workload


def find_faults(
    workload: Workload, name: str, *, platform: str, longest: int, scheduler: str
) -> Iterator[str]:
    """Why a service called `name`, of `longest` characters at most, would be refused."""
    if len(name) > longest or not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name):
        yield (
            f"{platform} takes no service called {name}: small letters, digits and hyphens, "
            f"a letter first, at most {longest} characters."
        )
    if workload.schedule and "second" in workload.schedule:
        yield f"{scheduler} cannot call it each {workload.schedule}: its finest is a minute."


def secret_command(target: str, env: str, names: Sequence[str]) -> str:
    """What a person types to set secrets that are missing there."""
    pairs = " ".join(f"{name}=…" for name in names)
    return f"edge secrets set {pairs} --target {target} --env {env}"
