"""Renders the main.py of a bundle: the function inside the standalone app."""

from dataclasses import dataclass
from typing import Final

from edge.project.manifest import Manifest

_TEMPLATE: Final = '''\
"""{slug}, as a standalone app: made by `edge bundle`."""

import gc
from typing import Any

from starlette.requests import Request

from edge.standalone.app import StandaloneApp
{imports}from edge.standalone.environment import read_environment
from functions.{name}.main import {entry_point} as function

_ENVIRONMENT = read_environment()
_APP = StandaloneApp(
    slug="{slug}",
    function={function},
    body_limit={body_limit},
    timeout={timeout},
    checks=({checks}),
    trace_project=_ENVIRONMENT.trace_project,
{telemetry})
gc.collect()
gc.freeze()  # full collections need not look at what stays


async def main(request: Request) -> Any:
    return await _APP.serve(request)
'''


_ADAPTERS: Final = {"plain": "adapt_plain_function", "cloud_event": "adapt_event_handler"}


@dataclass(frozen=True, slots=True)
class Entrypoint:
    """The function.toml settings that main.py contains: sizes in bytes, times in seconds."""

    slug: str
    name: str
    verify_jwt: bool
    rate_limit: float | None
    body_limit: int
    timeout: float
    entry_point: str = "main"
    kind: str = "coroutine"
    concurrency: int = 20
    has_telemetry: bool = False

    @classmethod
    def of(
        cls,
        slug: str,
        name: str,
        manifest: Manifest,
        entry_point: str = "main",
        kind: str = "coroutine",
    ) -> "Entrypoint":
        """Read the settings of a function from its function.toml."""
        return cls(
            slug,
            name,
            manifest.verify_jwt,
            manifest.rate_limit,
            manifest.body_limit_bytes,
            manifest.timeout,
            entry_point,
            kind,
            manifest.concurrency,
        )

    @property
    def modules(self) -> list[str]:
        """The modules of the standalone app that this function needs."""
        return [
            "edge.standalone.app",
            "edge.standalone.environment",
            *(["edge.standalone.adapter"] if self.kind in _ADAPTERS else []),
            *(["edge.standalone.auth"] if self.verify_jwt else []),
            *(["edge.standalone.rate_limit"] if self.rate_limit else []),
            *(["edge.standalone.telemetry"] if self.has_telemetry else []),
        ]


def render_entrypoint(settings: Entrypoint) -> bytes:
    imports = checks = ""
    if settings.rate_limit:
        imports += "from edge.standalone.rate_limit import RateCheck\n"
        checks += f'RateCheck("{settings.slug}", {settings.rate_limit}, _ENVIRONMENT),'
    auth_import = "from edge.standalone.auth import TokenCheck\n" if settings.verify_jwt else ""
    if settings.verify_jwt:
        checks = f"TokenCheck(_ENVIRONMENT), {checks}".rstrip()
    function = "function"
    if adapter := _ADAPTERS.get(settings.kind):
        imports = f"from edge.standalone.adapter import {adapter}\n{imports}"
        function = f"{adapter}(function, {settings.concurrency})"
    telemetry = f'    telemetry=create_telemetry("{settings.slug}", _ENVIRONMENT.telemetry),\n'
    text = _TEMPLATE.format(
        slug=settings.slug,
        name=settings.name,
        entry_point=settings.entry_point,
        imports=imports,
        function=function,
        body_limit=settings.body_limit,
        timeout=settings.timeout,
        checks=checks,
        telemetry=telemetry if settings.has_telemetry else "",
    )
    last = "from edge.standalone.environment import read_environment\n"
    if settings.has_telemetry:
        text = text.replace(last, f"{last}from edge.standalone.telemetry import create_telemetry\n")
    text = text.replace(last, last + auth_import)
    return text.encode()
