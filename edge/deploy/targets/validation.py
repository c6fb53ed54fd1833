"""Validation shared by the platforms that run each function as a separate service."""

import re
from collections.abc import Iterator, Sequence

from edge.deploy.workload import Workload


def validate_service(
    workload: Workload, name: str, *, platform: str, longest: int, scheduler: str
) -> Iterator[str]:
    """Yield the reasons to reject a service `name` of at most `longest` characters."""
    if len(name) > longest or not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name):
        yield (
            f"{platform} does not accept the service name {name}: lower-case letters, digits "
            f"and hyphens, a letter first, at most {longest} characters."
        )
    if workload.schedule and "second" in workload.schedule:
        yield f"{scheduler} cannot call it each {workload.schedule}: at most once a minute."


def secret_command(target: str, env: str, names: Sequence[str]) -> str:
    """Return the command that sets missing secrets."""
    pairs = " ".join(f"{name}=…" for name in names)
    return f"edge secrets set {pairs} --target {target} --env {env}"
