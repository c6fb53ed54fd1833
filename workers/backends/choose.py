"""The back-ends by their names."""

from collections.abc import Callable, Mapping
from typing import Final

from workers.backends.base import Backend
from workers.backends.local import LocalBackend

Create = Callable[[Mapping[str, str]], Backend]


def _local(_values: Mapping[str, str]) -> Backend:
    return LocalBackend()


_CREATORS: Final[Mapping[str, Create]] = {"local": _local}
KINDS: Final = tuple(_CREATORS)


def create_backend(kind: str, values: Mapping[str, str]) -> Backend:
    """Return a back-end set up from the environment. Raises SettingsError."""
    return _CREATORS[kind](values)
