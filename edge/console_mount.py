"""What the stack serves below /console: the API, and what shows it in a browser."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp

from edge.gateway.guard import Guard, Secret
from edge.gateway.lazy import LazyApp
from edge.gateway.pages import create_pages_app
from edge.metrics.observer import Metrics
from edge.project.console_token import write_token
from edge.project.settings import Settings
from edge.runtime.app import FunctionsApp

if TYPE_CHECKING:
    from edge.console_api.context import ConsoleContext
    from edge.services import Services

API_PREFIX: Final = "/console/api"


@dataclass(slots=True)
class ConsoleMount:
    """The console of a running stack; `settings` has the ports that were found."""

    settings: Settings
    functions: FunctionsApp
    metrics: Metrics
    services: Callable[[], "Services | None"]
    token: str = field(init=False)
    _context: "ConsoleContext | None" = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.token = write_token(self.settings.state_dir)

    def routes(self) -> dict[str, ASGIApp]:
        """Return the apps by prefix, the longer prefixes first."""
        hosts = frozenset((self.settings.host,))
        routes: dict[str, ASGIApp] = {API_PREFIX: Guard(LazyApp(self._create_api), hosts=hosts)}
        if self.settings.has_database:
            pages = create_pages_app(self.settings.publishable_key, self.settings.extensions.pages)
            routes["/console"] = Guard(pages, hosts=hosts)
        return routes

    async def close(self) -> None:
        """Close what the API has opened."""
        if self._context:
            await self._context.close()

    def _create_api(self) -> ASGIApp:
        from edge.console_api.access import TokenCheck
        from edge.console_api.app import create_console_api
        from edge.console_api.context import ConsoleContext

        self._context = ConsoleContext(self.settings, self.functions, self.metrics, self.services)
        secret = Secret(self.settings.service_role_key, self.settings.keys)
        return TokenCheck(create_console_api(self._context), self.token, secret)
