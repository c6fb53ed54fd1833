"""Render the files of a new function from templates, with or without `shared/`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Any, Final, Literal

from edge.errors import EdgeError

Auth = Literal["none", "apikey", "user"]
TemplateName = Literal["http", "webhook", "job", "llm"]

TEMPLATES: Final = Path(__file__).parents[2] / "templates"
SUFFIX: Final = ".tmpl"
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_MODES: Final[Mapping[Auth, str]] = {
    "none": '"none"',
    "apikey": '("publishable", "secret")',
    "user": '"user"',
}
_WITH_SHARED: Final = ("functions-framework", "httpx", "pydantic", "pyjwt", "starlette", "supabase")
_WITHOUT_SHARED: Final = ("functions-framework", "starlette")
_EXTRAS: Final = {"pyjwt": "pyjwt[crypto]"}


@dataclass(frozen=True, slots=True)
class NewFunction:
    """Requested function; without `auth` the template decides who may call."""

    name: str
    template: TemplateName
    auth: Auth | None = None

    @property
    def folder(self) -> str:
        return self.name.replace("-", "_")

    @property
    def slug(self) -> str:
        return self.name.replace("_", "-")


def check_name(name: str) -> None:
    """Raise EdgeError, with the Supabase CLI's message, unless `name` is a valid function name."""
    if not _NAME.fullmatch(name):
        raise EdgeError(
            "Invalid Function name. Must start with at least one letter, and only include "
            "alphanumeric characters, underscores, and hyphens. (^[A-Za-z][A-Za-z0-9_-]*$)"
        )


def plan_function(new: NewFunction, *, has_shared: bool) -> dict[str, str]:
    """Return the files' texts by path in the project. Raises EdgeError if `auth` needs shared/."""
    source = TEMPLATES / "function" / new.template
    settings = tomllib.loads((source / "template.toml").read_text(encoding="utf-8"))
    auth: Auth = new.auth or settings["auth"]
    if new.auth == "user" and not has_shared:
        raise EdgeError(
            "--auth user needs shared/, which this project does not have.",
            cure="Copy shared/ from a project made by edge init, or choose another --auth.",
        )
    values = _values(new, auth, has_shared=has_shared)
    files = {
        f"functions/{new.folder}/{path.name.removesuffix(SUFFIX)}": _render(path, values)
        for kind in ("shared" if has_shared else "plain", "both")
        for path in sorted((source / kind).glob(f"*{SUFFIX}"))
    }
    return {
        **files,
        f"functions/{new.folder}/function.toml": _function_toml(settings, values),
        f"functions/{new.folder}/requirements.txt": _requirements(settings, has_shared=has_shared),
        f"tests/test_{new.folder}.py": _render(source / f"test.py{SUFFIX}", values),
    }


def write_files(root: Path, files: Mapping[str, str]) -> None:
    """Write all files. Raises EdgeError, and writes none, if one of them exists."""
    for name in files:
        if (root / name).exists():
            raise EdgeError(f"{root / name} exists already; nothing was written.")
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _values(new: NewFunction, auth: Auth, *, has_shared: bool) -> dict[str, str]:
    checks = has_shared and auth != "none"
    refusal = TEMPLATES / "function" / f"refusal.py{SUFFIX}"
    verify_jwt = auth == "user" or (auth == "apikey" and not has_shared)
    return {
        "slug": new.slug,
        "folder": new.folder,
        "auth": _MODES[auth],
        "caller": "user" if auth == "user" else "anon",
        "verify_jwt": str(verify_jwt).lower(),
        "who_may_call": "function.toml says who may call: verify_jwt.",
        "refusal": refusal.read_text(encoding="utf-8").rstrip() if checks else "",
    }


def _render(path: Path, values: Mapping[str, str]) -> str:
    text = Template(path.read_text(encoding="utf-8")).substitute(values)
    return text.rstrip() + "\n"


def _function_toml(settings: Mapping[str, Any], values: Mapping[str, str]) -> str:
    secrets = ", ".join(f'"{name}"' for name in settings["secrets"])
    return f"verify_jwt = {values['verify_jwt']}\nsecrets = [{secrets}]\n"


def _requirements(settings: Mapping[str, Any], *, has_shared: bool) -> str:
    """Return the requirements, pinned to the versions installed here, which are tested."""
    base = _WITH_SHARED if has_shared else _WITHOUT_SHARED
    more: list[str] = settings["requires_shared" if has_shared else "requires_plain"]
    names = sorted({*base, *more})
    return "".join(f"{_EXTRAS.get(name, name)}=={version(name)}\n" for name in names)
