"""Runs the platforms' own command line programs: found on PATH, without a shell."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.errors import DeployError

_LAST_LINES: Final = 12


@dataclass(frozen=True, slots=True)
class Program:
    """A command, and how to install it."""

    name: str
    install: str

    def is_there(self) -> bool:
        return shutil.which(self.name) is not None

    def require(self) -> None:
        if not self.is_there():
            raise DeployError(f"{self.name} is not installed, or not on PATH.", cure=self.install)


GCLOUD: Final = Program(
    "gcloud",
    "Install the Google Cloud CLI: https://cloud.google.com/sdk/docs/install, "
    "then: gcloud auth login",
)
KUBECTL: Final = Program(
    "kubectl",
    "Install kubectl: https://kubernetes.io/docs/tasks/tools/, "
    "then choose your cluster: kubectl config use-context NAME",
)
DOCKER: Final = Program("docker", "Install Docker: https://docs.docker.com/engine/install/")
PODMAN: Final = Program("podman", "Install Podman: https://podman.io/docs/installation")


def find_builder() -> Program:
    """Return Docker, or Podman if only that is installed."""
    return PODMAN if PODMAN.is_there() and not DOCKER.is_there() else DOCKER


class ProgramFailed(DeployError):  # noqa: N818 - reads well at call sites
    """A program exited with an error; the message has the last lines of its output."""


def call(argv: Sequence[str], stdin: str = "") -> str:
    """Run the program and return its output. Raises ProgramFailed on any exit status but 0."""
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, check=False, errors="replace"
        )
    except FileNotFoundError as exc:
        raise ProgramFailed(f"{argv[0]} is not installed, or not on PATH.") from exc
    if done.returncode != 0:
        output = _last_lines(done.stderr) or _last_lines(done.stdout) or "It printed nothing."
        raise ProgramFailed(f"{argv[0]} ended with status {done.returncode}:\n{output}")
    return done.stdout


def _last_lines(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"    {line}" for line in lines[-_LAST_LINES:])
