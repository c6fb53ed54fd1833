"""How functions are served: what a person may choose for all of them at once."""

from dataclasses import dataclass
from pathlib import Path

from edge.project.limits import LimitsMode
from edge.tokens import Keys


@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    """`only` names the functions that are served; empty means all.

    `inspect` names one whose worker waits for a debugger, its limits suspended.
    """

    root: Path
    keys: Keys
    verify_jwt: bool = True
    limits: LimitsMode = LimitsMode.LOCAL
    policy: str = "per_worker"
    only: tuple[str, ...] = ()
    reload: bool = True
    forks: bool = True
    isolates_users: bool = False
    inspect: str | None = None
    inspect_port: int = 8083

    @property
    def folder(self) -> Path:
        """Where the functions are."""
        return self.root / "functions"
