"""The files of relays: an index.ts of a few lines for each function, and a module they share."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import edge
from edge.errors import EdgeError
from edge.project.layout import RELAY_MARK, is_relay

SHARED: Final = "supabase/functions/_shared/edge_relay.ts"
_TEMPLATE: Final = Path(edge.__file__).parent / "templates" / "relay" / "edge_relay.ts"
_INDEX: Final = """\
{mark}: requests go on to the Python function {slug}. The next one writes it again.
import {{ relay }} from "../_shared/edge_relay.ts";

const url = Deno.env.get("EDGE_FUNCTIONS_URL")?.replaceAll("{{name}}", {name}) ?? {url};

Deno.serve(relay({name}, url{options}));
"""


@dataclass(frozen=True, slots=True)
class Relay:
    """A function and the URL that it is served at; `identity` for a private Cloud Run service."""

    slug: str
    url: str
    identity: bool = False

    @property
    def path(self) -> str:
        """Where the Supabase CLI looks for the function, in the project."""
        return f"supabase/functions/{self.slug}/index.ts"


def render_relays(relays: Iterable[Relay]) -> dict[str, str]:
    """Return the files' texts by path in the project."""
    files = {relay.path: _render(relay) for relay in relays}
    return {SHARED: _TEMPLATE.read_text(encoding="utf-8"), **files} if files else {}


def write_relays(root: Path, files: Mapping[str, str], *, force: bool) -> list[str]:
    """Write the files; return the paths of those that are new or have changed.

    Raises EdgeError, with nothing written, for a file that a person has written.
    """
    own = [path for path in files if (root / path).exists() and not is_relay(root / path)]
    if own and not force:
        raise EdgeError(
            "\n".join(f"{root / path} is not a relay that edge wrote." for path in own),
            cure="Nothing was written. Rename it, or replace it: --force",
        )
    changed = [path for path, text in files.items() if _read(root / path) != text]
    for path in changed:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(files[path], encoding="utf-8")
    return changed


def fill_url(template: str, slug: str) -> str:
    """Return the function's URL: `{name}` replaced, or the name added to the path.

    Raises EdgeError if it is no URL.
    """
    url = template.replace("{name}", slug)
    if url == template:
        url = f"{template.rstrip('/')}/{slug}"
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise EdgeError(
            f"{template} is not the URL of functions.",
            cure="Like https://functions.example.com/functions/v1/{name}",
        )
    return url


def _render(relay: Relay) -> str:
    return _INDEX.format(
        mark=RELAY_MARK,
        slug=relay.slug,
        name=json.dumps(relay.slug),
        url=json.dumps(relay.url),
        options=", { identity: true }" if relay.identity else "",
    )


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
