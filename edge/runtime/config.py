"""How functions are served: the options that hold for all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.project.config_toml import FunctionConfig
from edge.project.layout import find_functions
from edge.project.limits import LimitsMode
from edge.project.manifest import Function
from edge.tokens import Keys


@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    """Options of the runtime for the project at `root`.

    `environment` makes the environment of a function's worker, raising EdgeError if it cannot;
    `base_environment`, that of the zygote, must hold no secret. `only` names the functions that
    are served; empty means all. `inspect` names one whose worker waits for a debugger, its limits
    suspended. `trusted_proxies` may name the client in X-Forwarded-For. `secret_files` hold secrets
    besides the env files of the functions: with `isolates_users` functions' accounts must not be
    able to read them.
    """

    root: Path
    keys: Keys
    environment: Callable[[Function], Mapping[str, str]]
    base_environment: Mapping[str, str]
    verify_jwt: bool = True
    limits: LimitsMode = LimitsMode.LOCAL
    policy: str = "per_worker"
    only: tuple[str, ...] = ()
    reload: bool = True
    forks: bool = True
    isolates_users: bool = False
    trusted_proxies: str = ""
    secret_files: tuple[Path, ...] = ()
    inspect: str | None = None
    inspect_port: int = 8083
    functions: Mapping[str, FunctionConfig] = field(default_factory=dict[str, FunctionConfig])

    @property
    def folder(self) -> Path:
        """Return the folder that holds the functions."""
        return find_functions(self.root)
