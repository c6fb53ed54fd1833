"""What processes of ours do not import, or not yet, and what is compiled when a project is set up.

`python -m edge.light_imports` prints the modules to compile: one process imports those of a line.
"""

import importlib
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any, Final, cast

_COMMAND_LINES: Final = ("httpx._main",)
"""With it httpx imports click, rich and pygments; it does without where these are missing."""
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
        return getattr(importlib.import_module(self.__name__), name)


def postpone(names: Iterable[str]) -> None:
    """Let these modules be imported when they are used; parents are named before their own."""
    for name in names:
        if name in sys.modules:
            continue
        module = sys.modules[name] = PostponedModule(name)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)


def leave_out_command_lines() -> None:
    """Let libraries be imported without their own commands, as if these were not installed."""
    modules = cast("dict[str, Any]", sys.modules)
    for name in _COMMAND_LINES:
        modules.setdefault(name, None)


if __name__ == "__main__":
    from edge.runtime.launch.preload import LIBRARIES

    print(*_ENTRIES, *LIBRARIES, sep="\n")  # noqa: T201
