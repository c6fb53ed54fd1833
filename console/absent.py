"""Import NiceGUI as if some packages were not there: to look for them takes a third of a second.

Its sockets would take Redis, Valkey or an HTTP client of their own, and httpx has a command line; a
console uses none of these. Pages of a project import them afterwards as ever.
"""

import importlib
import sys
from typing import Any, Final, cast

_UNUSED: Final = ("aiohttp", "httpx._main", "redis", "requests", "valkey")


def _import_without(names: tuple[str, ...], *modules: str) -> None:
    loaded = cast("dict[str, Any]", sys.modules)
    absent = [name for name in names if name not in loaded]
    loaded |= dict.fromkeys(absent)
    for module in modules:
        importlib.import_module(module)
    for name in absent:
        del loaded[name]


_import_without(_UNUSED, "httpx", "nicegui")
