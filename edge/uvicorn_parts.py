"""The parts of uvicorn that serve, imported without its command line and its WSGI adapter.

Importing the package imports those too, and with them click, watchfiles, multiprocessing and
a2wsgi: a third of what a process of ours imports before it answers. They are imported when they
are used, as what configures logging by files is.
"""

import importlib
import sys
from types import ModuleType
from typing import Any, Final

from edge.light_imports import postpone

_REPLACED: Final = tuple(
    name
    for name in ("configparser", "uvicorn.main", "uvicorn.middleware.wsgi")
    if name not in sys.modules
)


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
    postpone("logging.config")
    sys.modules |= {name: _Absent(name) for name in _REPLACED}

from uvicorn.config import Config  # noqa: E402 - without what is replaced above
from uvicorn.protocols.http.flow_control import FlowControl  # noqa: E402
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: E402
from uvicorn.server import Server as UvicornServer  # noqa: E402

for _name in _REPLACED:
    if isinstance(sys.modules.get(_name), _Absent):
        del sys.modules[_name]

__all__ = ["Config", "FlowControl", "HttpToolsProtocol", "UvicornServer"]
