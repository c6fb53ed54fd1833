"""What pages register: themselves with `page`, and with `watch` what fails, for the home page."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Failing:
    """Something that fails, as a person reads it, and the page that shows it."""

    text: str
    url: str


Find = Callable[[], Awaitable[Sequence[Failing]]]


def watch(find: Find) -> Find:
    """Register a function that the home page awaits now and then: what fails in the project."""
    WATCHES.append(find)
    return find


async def find_failing() -> list[Failing]:
    """Return what fails in the project; what cannot be asked is left out."""
    found: list[Failing] = []
    for find in WATCHES:
        with suppress(ApiError):
            found += await find()
    return found


VIEWS: Final[list[View]] = []
WATCHES: Final[list[Find]] = []
