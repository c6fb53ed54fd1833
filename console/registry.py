"""Pages of the console: each is a function that builds one, registered with `page`."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

from nicegui import ui

from console.api import ApiError
from console.layout import frame
from console.ui.messages import show_error
from console.view import View

_Build = TypeVar("_Build", bound=Callable[..., Any])
_BUILD_SECONDS: Final = 60.0


def page(
    path: str, *, title: str, icon: str = "article", group: str = "", order: int = 100
) -> Callable[[_Build], _Build]:
    """Register a function, sync or async, as the page at /console<path>.

    Its parameters are those of the path (`/requests/{id}`) and of the query, by name. With a
    `group` it is in the navigation, sorted by `order`. An ApiError becomes a message on the page.
    """
    view = View(path, title, icon, group, order)
    VIEWS.append(view)

    def register(build: _Build) -> _Build:
        @wraps(build)
        async def show(*args: Any, **kwargs: Any) -> None:
            with frame(view, VIEWS):
                try:
                    result = build(*args, **kwargs)
                    if inspect.isawaitable(result):
                        await result
                except ApiError as exc:
                    show_error(exc)

        ui.page(path, title=f"{title} · Console", response_timeout=_BUILD_SECONDS)(show)
        return build

    return register


VIEWS: Final[list[View]] = []
