"""Client of the running stack's console API."""

import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from edge.cli.running import require_running, state_dir
from edge.errors import EdgeError
from edge.project.console_token import read_token

_TIMEOUT: Final = httpx.Timeout(30.0, read=600.0)


@dataclass(frozen=True, slots=True)
class ConsoleClient:
    """Calls the API; every answer that is an error becomes an EdgeError with its cure."""

    http: httpx.Client

    def get(self, path: str, **query: str | None) -> Any:
        """GET JSON; parameters that are None are left out."""
        given = {name: value for name, value in query.items() if value}
        return _read(self.http.get(path, params=given))

    def post(self, path: str, body: object) -> Any:
        """POST JSON, return JSON."""
        return _read(self.http.post(path, json=body))

    def follow(self, path: str, **query: str | None) -> Iterator[dict[str, Any]]:
        """Yield the events of a stream, until it ends."""
        given = {name: value for name, value in query.items() if value}
        with self.http.stream("GET", path, params=given) as response:
            if response.is_error:
                response.read()
                _read(response)
            for line in response.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))


@contextmanager
def open_client(workdir: Path) -> Generator[ConsoleClient]:
    """Yield a client. Raises EdgeError if no stack runs, or it stops meanwhile."""
    url = require_running(workdir)["API_URL"]
    token = read_token(state_dir(workdir))
    headers = {"authorization": f"Bearer {token}"}
    base = f"{url}/console/api"
    with httpx.Client(base_url=base, headers=headers, timeout=_TIMEOUT, trust_env=False) as client:
        try:
            yield ConsoleClient(client)
        except httpx.HTTPError as exc:
            raise EdgeError(
                f"The stack does not answer: {exc or type(exc).__name__}.", cure="edge status"
            ) from exc


def _read(response: httpx.Response) -> Any:
    if not response.is_error:
        return response.json()
    try:
        error = response.json()
        raise EdgeError(str(error["message"]), cure=error.get("hint") or "")
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise EdgeError(f"The console's API answered {response.status_code}.") from exc
