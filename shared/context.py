"""What a handler is given besides its input: who calls, the database, the log."""

from collections.abc import Coroutine
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from shared.auth.authenticate import Mode, Principal
from shared.auth.jwks import Claims
from shared.database.clients import admin_client, caller_client
from shared.env import Env
from shared.runtime.background import ShutdownCallback, current_background
from shared.runtime.log import RequestLog

if TYPE_CHECKING:
    from supabase import AsyncClient


@dataclass(frozen=True)  # no slots: cached_property needs a __dict__
class Context:
    """One request, authenticated."""

    request: Request
    principal: Principal
    env: Env
    log: RequestLog = field(repr=False)

    @property
    def request_id(self) -> str:
        return self.log.request_id

    @property
    def auth_mode(self) -> Mode:
        return self.principal.mode

    @property
    def claims(self) -> Claims:
        return self.principal.claims

    @property
    def user_id(self) -> str | None:
        return self.principal.user_id

    @property
    def subpath(self) -> str:
        """What follows the function's name in the URL, with its leading slash.

        Platforms differ in whether the function sees its own name; handlers need not know.
        """
        path = self.request.url.path
        prefix = f"/{self.env.function}"
        if path == prefix or path.startswith(f"{prefix}/"):
            path = path.removeprefix(prefix)
        return path or "/"

    @property
    def admin(self) -> "AsyncClient":
        """Passes row security: for what no caller may do by itself."""
        return admin_client(self.env.supabase)

    @cached_property
    def caller(self) -> "AsyncClient":
        """Acts as the caller, so that row security decides; a secret key sees everything."""
        if self.auth_mode == "secret":
            return self.admin
        return caller_client(self.env.supabase, self.principal.token)

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Time a named part of the work for the log: `with ctx.stage("embed"): await …`."""
        return self.log.stage(name)

    def wait_until(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work` after the response: the worker lives until it ends or reaches its limits."""
        current_background(self.env.control_fd).wait_until(work)

    def on_shutdown(self, callback: ShutdownCallback) -> None:
        """Call `callback` with the reason when the worker is about to end.

        The reason is cpu, memory or wall_clock when 90 % of that limit is used; early_drop when
        the worker is no longer needed; termination when the stack or the platform stops it.
        """
        current_background(self.env.control_fd).on_shutdown(callback)

    def note(self, **fields: Any) -> None:
        """Add fields to the request's log line."""
        self.log.fields.update(fields)
