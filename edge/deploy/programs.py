"""The platforms' own command lines: found on PATH, run without a shell, told of when they fail."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.deploy.errors import DeployError

_LAST_LINES: Final = 12


@dataclass(frozen=True, slots=True)
class Program:
    """A command by its name, and how a person gets it."""

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
    """Docker, or Podman where that is what there is."""
    return PODMAN if PODMAN.is_there() and not DOCKER.is_there() else DOCKER


class ProgramFailed(DeployError):  # noqa: N818 - it says what happened
    """A program ended with an error; the message is the end of what it said."""


def call(argv: Sequence[str], stdin: str = "") -> str:
    """What the program printed; ProgramFailed with its own last words if it failed."""
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, check=False, errors="replace"
        )
    except FileNotFoundError as exc:
        raise ProgramFailed(f"{argv[0]} is not installed, or not on PATH.") from exc
    if done.returncode != 0:
        said = _last_lines(done.stderr) or _last_lines(done.stdout) or "It said nothing."
        raise ProgramFailed(f"{argv[0]} ended with status {done.returncode}:\n{said}")
    return done.stdout


def _last_lines(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"    {line}" for line in lines[-_LAST_LINES:])
