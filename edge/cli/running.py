"""Running stack of a project: URLs and keys from its lock file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edge.errors import EdgeError
from edge.project.config_toml import STATE_FOLDER
from edge.project.lock import Lock

_FUNCTION_NAMES: Final = {
    "ANON_KEY": "SUPABASE_ANON_KEY",
    "SERVICE_ROLE_KEY": "SUPABASE_SERVICE_ROLE_KEY",
    "DB_URL": "SUPABASE_DB_URL",
}
_NAMED_KEYS: Final = {
    "PUBLISHABLE_KEY": "SUPABASE_PUBLISHABLE_KEYS",
    "SECRET_KEY": "SUPABASE_SECRET_KEYS",
}


def state_dir(workdir: Path) -> Path:
    """Return the project's .edge folder: logs, database, lock."""
    return workdir.resolve() / STATE_FOLDER


def project_lock(workdir: Path) -> Lock:
    return Lock(state_dir(workdir) / "lock")


def require_running(workdir: Path) -> dict[str, str]:
    """Return URLs and keys of the running stack. Raises EdgeError if none is ready."""
    holder = project_lock(workdir).holder()
    if holder is None:
        raise EdgeError("The stack of this project does not run.", cure="edge start")
    if "API_URL" not in holder:
        raise EdgeError("The stack of this project is still starting.", cure="Wait a second.")
    return {name: str(value) for name, value in holder.items()}


def require_database(details: Mapping[str, str]) -> str:
    """Return the connection string of the local Postgres. Raises EdgeError if there is none."""
    if "DB_URL" not in details:
        raise EdgeError("This stack runs without a local database.", cure="edge start")
    return details["DB_URL"]


def function_names(details: Mapping[str, str]) -> dict[str, str]:
    """Return URLs and keys under the names of a function's environment: SUPABASE_…."""
    from edge.project.settings import local_jwks

    named = {"SUPABASE_URL": details.get("REMOTE_URL", details["API_URL"])}
    named |= {new: details[old] for old, new in _FUNCTION_NAMES.items() if old in details}
    named |= {
        new: json.dumps({"default": details[old]})
        for old, new in _NAMED_KEYS.items()
        if details.get(old)
    }
    if "REMOTE_URL" not in details:
        named["SUPABASE_JWKS"] = local_jwks(details["JWT_SECRET"])
    return named
