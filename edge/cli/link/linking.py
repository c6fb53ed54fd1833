"""Link a folder with a hosted project: its URL and keys in an env file, its ref in supabase/.temp.

The env file is `.env.production` or `.env.staging` beside functions/, which `edge test --env`
reads, and others by `--env-file`. The ref is where the Supabase CLI keeps it.
"""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from edge.cli.link.management import ApiKey
from edge.errors import EdgeError
from edge.project.env_file import EnvFile

_REF: Final = re.compile(r"[a-z]{20}")
_KEY: Final = re.compile(r"[A-Za-z0-9_.-]+")
_NAMES: Final = (
    "SUPABASE_URL",
    "SUPABASE_ANON_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_SECRET_KEY",
    "SUPABASE_PUBLISHABLE_KEYS",
    "SUPABASE_SECRET_KEYS",
    "SUPABASE_DB_URL",
    "SUPABASE_JWT_SECRET",
    "SUPABASE_JWKS",
)
_KEYS: Final = _NAMES[1:7]
_LEGACY: Final = {"anon": "SUPABASE_ANON_KEY", "service_role": "SUPABASE_SERVICE_ROLE_KEY"}
_SESSION_PORT: Final = 5432


@dataclass(slots=True)
class Linked:
    """What was written: names of variables, and files that git ignores from now on."""

    path: Path
    names: list[str]
    ignored: list[str] = field(default_factory=list[str])


def check_ref(ref: str) -> str:
    """Return the ref. Raises EdgeError unless it has 20 lower-case letters."""
    if not _REF.fullmatch(ref):
        raise EdgeError(
            "That is not a project ref: it has 20 lower-case letters.",
            cure="Take it from the dashboard's URL: supabase.com/dashboard/project/<ref>",
        )
    return ref


def check_key(option: str, key: str) -> str:
    """Return the key. Raises EdgeError for another kind of key, without showing it."""
    wrong = "sb_secret_" if option == "--publishable-key" else "sb_publishable_"
    if not _KEY.fullmatch(key) or key.startswith(wrong):
        raise EdgeError(
            f"{option} is not such a key.", cure="Copy it from the project's settings: API Keys."
        )
    return key


def env_file(workdir: Path, env: str) -> EnvFile:
    """Return the env file of that environment."""
    return EnvFile(workdir / f".env.{env}")


def ref_file(workdir: Path) -> Path:
    return workdir / "supabase" / ".temp" / "project-ref"


def linked_ref(workdir: Path) -> str | None:
    """Return the ref of the linked project, None if there is none."""
    try:
        return ref_file(workdir).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def linked_db_url(workdir: Path) -> str | None:
    """Return the connection string of the linked project, None if there is none."""
    ref = linked_ref(workdir)
    for path in sorted(workdir.glob(".env.*")) if ref else ():
        present = EnvFile(path).read() if path.is_file() else {}
        if present.get("SUPABASE_URL", "").startswith(f"https://{ref}."):
            return present.get("SUPABASE_DB_URL") or None
    return None


def name_given(publishable: str, secret: str) -> dict[str, str]:
    """Return variables for keys that were typed: legacy ones are JWTs."""
    named = {"SUPABASE_ANON_KEY": publishable, "SUPABASE_SERVICE_ROLE_KEY": secret}
    if publishable.startswith("sb_"):
        named["SUPABASE_PUBLISHABLE_KEY"] = publishable
    if secret.startswith("sb_"):
        named["SUPABASE_SECRET_KEY"] = secret
    return named


def name_keys(keys: Sequence[ApiKey]) -> dict[str, str]:
    """Return variables for a project's keys; without legacy ones, the new ones stand for them."""
    named = {_LEGACY[key.name]: key.value for key in keys if key.name in _LEGACY}
    for kind, singular, legacy in (
        ("publishable", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_ANON_KEY"),
        ("secret", "SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"),
    ):
        found = {key.name: key.value for key in keys if key.kind == kind}
        if not found:
            continue
        if found.keys() == {"default"}:
            named[singular] = found["default"]
        else:
            named[singular + "S"] = json.dumps(found, separators=(",", ":"))
        named.setdefault(legacy, found.get("default") or next(iter(found.values())))
    missing = [name for name in _LEGACY.values() if name not in named]
    if missing:
        raise EdgeError(
            f"The project has no key for {' and '.join(missing)}.",
            cure="Create one in its settings, API Keys; or pass --publishable-key, --secret-key.",
        )
    return named


def build_db_url(ref: str, host: str, password: str, pooler: Mapping[str, Any] | None) -> str:
    """Return the connection string in session mode: of the pooler, else of the database itself."""
    secret = quote(password, safe="")
    if pooler and pooler.get("db_host") and pooler.get("db_user"):
        user, name = pooler["db_user"], pooler.get("db_name") or "postgres"
        return f"postgresql://{user}:{secret}@{pooler['db_host']}:{_SESSION_PORT}/{name}"
    return f"postgresql://postgres:{secret}@db.{ref}.{host}:{_SESSION_PORT}/postgres"


def link(workdir: Path, env: str, ref: str, variables: Mapping[str, str]) -> Linked:
    """Write the variables and the ref; other lines of the env file are kept.

    What the file has of another project, or of keys that are gone, is removed.
    """
    file = env_file(workdir, env)
    present = file.read()
    is_same = present.get("SUPABASE_URL") == variables["SUPABASE_URL"]
    stale = [n for n in (_KEYS if is_same else _NAMES) if n in present and n not in variables]
    linked = Linked(file.path, list(variables), _ignore(workdir, file.path, ref_file(workdir)))
    if stale:
        file.unset(stale)
    file.set(variables)
    target = ref_file(workdir)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(ref, encoding="utf-8")
    return linked


def unlink(workdir: Path, host: str) -> tuple[str, list[Path]]:
    """Remove the ref, and the project's variables from the env files that have its URL.

    Returns the ref and the changed files. Raises EdgeError if no project is linked.
    """
    ref = linked_ref(workdir)
    if ref is None:
        raise EdgeError("No project is linked.", cure="edge link --project-ref REF")
    changed: list[Path] = []
    for path in sorted(workdir.glob(".env.*")):
        file = EnvFile(path)
        present = file.read() if path.is_file() else {}
        if present.get("SUPABASE_URL") == f"https://{ref}.{host}":
            file.unset(name for name in _NAMES if name in present)
            changed.append(path)
    ref_file(workdir).unlink(missing_ok=True)
    return ref, changed


def _ignore(workdir: Path, *paths: Path) -> list[str]:
    """Add files that git would commit to .gitignore; returns its new lines."""
    if not any((folder / ".git").exists() for folder in (workdir, *workdir.parents)):
        return []
    names = [path.relative_to(workdir).as_posix() for path in paths]
    new = [name for name in names if not _is_ignored(workdir, name)]
    if new:
        file = workdir / ".gitignore"
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        text += "" if not text or text.endswith("\n") else "\n"
        file.write_text(text + "".join(f"/{name}\n" for name in new), encoding="utf-8")
    return new


def _is_ignored(workdir: Path, name: str) -> bool:
    try:
        command = ["git", "check-ignore", "--quiet", "--", name]
        return subprocess.run(command, cwd=workdir, check=False, timeout=10).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
