"""What processes of ours do not import, or not yet, and what is compiled when a project is set up.

`python -m edge.light_imports` prints the modules to compile: one process imports those of a line.
"""

import importlib
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

_COMMAND_LINES: Final = ("httpx._main",)
"""With it httpx imports click, rich and pygments; it does without where these are missing."""
_METADATA: Final = ".dist-info"
_ENTRIES: Final = (
    "edge.rest_app, edge.rest_server",
    "edge.auth_server, edge.services, edge.emulator.providers.app",
    "edge.cli.app, edge.cli.start.serving, rich.markdown, typer.rich_utils",
    "edge.production.process, edge.production.supervisor",
    "edge.runtime.launch.warm_up, functions_framework.aio",
    "console.app",
)


class PostponedModule(ModuleType):
    """Stands in for a module until one of its attributes is read, which imports it."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        module = importlib.import_module(self.__name__)
        for child in vars(self).values():
            if isinstance(child, PostponedModule):
                vars(module).setdefault(child.__name__.rpartition(".")[2], child)
        return getattr(module, name)


def postpone(*names: str) -> None:
    """Let modules be imported when they are used; a parent is named before what is inside it."""
    for name in names:
        if name in sys.modules:
            continue
        parent, _, child = name.rpartition(".")
        module = PostponedModule(name)
        if parent:
            setattr(importlib.import_module(parent), child, module)
        sys.modules[name] = module


def state_versions(*packages: str) -> None:
    """Let packages know their versions, for which they would import importlib.metadata.

    The folder with the metadata says it: packaging.python.org, "Recording installed projects".
    """
    for package in packages:
        name, version = f"{package}.version", _find_version(package)
        if version and name not in sys.modules:
            module = sys.modules[name] = ModuleType(name)
            vars(module)["__version__"] = version


def _find_version(package: str) -> str | None:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    for entry in os.listdir(Path(spec.origin).parents[1]):
        name, _, rest = entry.partition("-")
        if name == package and rest.endswith(_METADATA):
            return rest.removesuffix(_METADATA)
    return None


def leave_out_command_lines() -> None:
    """Let libraries be imported without their own commands, as if these were not installed."""
    modules = cast("dict[str, Any]", sys.modules)
    for name in _COMMAND_LINES:
        modules.setdefault(name, None)


if __name__ == "__main__":
    from edge.runtime.launch.preload import LIBRARIES

    print(*_ENTRIES, *LIBRARIES, sep="\n")  # noqa: T201
