"""The function that is served: the one that function.toml names, `main`, or the decorated one.

functions-framework knows a decorated function by its own name only, so an alias of it would be
served as plain HTTP. Here it is served as what it was decorated for, under whatever name.
"""

from types import FunctionType, ModuleType
from typing import Any, Final

from functions_framework import _function_registry

_MAIN: Final = "main"
_registry: Any = _function_registry
_get_user_function = _registry.get_user_function


class EntryPointError(Exception):
    """The module does not say which function is to be served."""


def follow_entry_points() -> None:
    """Have functions-framework find the function as described above, in this process."""
    _registry.get_user_function = _find


def _find(source: str, module: ModuleType, target: str) -> Any:
    function = getattr(module, target, None)
    if function is None:
        function = _only_decorated(module, target)
        setattr(module, target, function)
    if isinstance(function, FunctionType):
        _register_as(target, function.__name__)
    return _get_user_function(source, module, target)


def _only_decorated(module: ModuleType, target: str) -> FunctionType:
    functions = {
        name: each for name, each in vars(module).items() if isinstance(each, FunctionType)
    }
    decorated = {
        each: name
        for name, each in reversed(functions.items())
        if each.__name__ in _registry.REGISTRY_MAP and not name.startswith("_")
    }
    names = sorted(decorated.values())
    if target != _MAIN:
        known = ", ".join(functions) or "none"
        raise EntryPointError(
            f"main.py has no function {target}, which entry_point in function.toml names. "
            f"Its functions are: {known}."
        )
    if len(decorated) > 1:
        raise EntryPointError(
            f"main.py has no function main, and {len(decorated)} that are decorated: "
            f"{', '.join(names)}. Name the one to serve in function.toml: "
            f'entry_point = "{names[0]}"'
        )
    if not decorated:
        known = ", ".join(functions) or "none"
        raise EntryPointError(
            f"main.py has no function main. Its functions are: {known}. Call one of them main, or "
            'name it in function.toml: entry_point = "…"'
        )
    return next(iter(decorated))


def _register_as(target: str, name: str) -> None:
    """Let the registration of a decorated function hold for `target` too."""
    if target in _registry.REGISTRY_MAP or name not in _registry.REGISTRY_MAP:
        return
    _registry.REGISTRY_MAP[target] = _registry.REGISTRY_MAP[name]
    if name in _registry.INPUT_TYPE_MAP:
        _registry.INPUT_TYPE_MAP[target] = _registry.INPUT_TYPE_MAP[name]
    if name in _registry.ASGI_FUNCTIONS:
        _registry.ASGI_FUNCTIONS.add(target)
