"""The parts of uvicorn that serve, imported without its command line and its WSGI adapter.

Importing the package imports those too, and with them click, watchfiles, multiprocessing and
a2wsgi: a third of what a process of ours imports before it answers. They are imported when they
are used.
"""

import importlib
import sys
from types import ModuleType
from typing import Any, Final

_REPLACED: Final = ("uvicorn.main", "uvicorn.middleware.wsgi")


class _Absent(ModuleType):
    """Stands in for a module while the package is imported."""

    def __getattr__(self, name: str) -> Any:
        if name == "Server":
            from uvicorn.server import Server

            return Server
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(importlib.import_module(self.__name__), name)(*args, **kwargs)

        return call


if "uvicorn" not in sys.modules:
    sys.modules |= {name: _Absent(name) for name in _REPLACED}

from uvicorn.config import Config  # noqa: E402 - without what is replaced above
from uvicorn.protocols.http.flow_control import FlowControl  # noqa: E402
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: E402
from uvicorn.server import Server as UvicornServer  # noqa: E402

for _name in _REPLACED:
    if isinstance(sys.modules.get(_name), _Absent):
        del sys.modules[_name]

__all__ = ["Config", "FlowControl", "HttpToolsProtocol", "UvicornServer"]
