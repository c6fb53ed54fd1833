"""The GitHub workflow of `edge init --ci github`: checks, a plan, deployments."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from string import Template
from sys import version_info
from typing import Final

from edge.cli.scaffold.function import TEMPLATES
from edge.deploy.settings import FILE, Settings, load_settings
from edge.errors import EdgeError
from edge.project.layout import find_functions
from edge.project.toml_file import read_toml

WORKFLOW: Final = Path(".github/workflows/edge.yml")
_FOLDER: Final = TEMPLATES / "ci"
_LAST: Final = ("production", "prod", "live")
_LINT: Final = "ruff check ."
_LINT_UNCONFIGURED: Final = "ruff check --select E9,F . # errors only: ruff is not configured"
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class _Yaml(Template):
    """A template in which `$` and `${{ … }}` are GitHub's and the shell's."""

    delimiter = "%%"


@dataclass(frozen=True, slots=True)
class Workflow:
    """The workflow's `text` and its path: in the repository, which may be above the project."""

    path: Path
    text: str
    environments: tuple[str, ...]


def plan_workflow(project: Path) -> Workflow:
    """Render the workflow of the project in this folder. Raises EdgeError for faulty settings."""
    project = project.resolve()
    repository = _find_repository(project)
    environments = _environments(project)
    settings = load_settings(project, environments[0] or None)
    text = _render(
        "github.yml",
        {
            **_common_values(project, repository),
            **_target_notes(settings),
            "order": _order(environments),
            "plans": "\n".join(_render("plan.yml", _environment(env)) for env in environments),
            "deploys": "\n".join(_deploy_jobs(project, environments)),
        },
    )
    names = tuple(env or "production" for env in environments)
    return Workflow(repository / WORKFLOW, _tidy(text), names)


def _deploy_jobs(project: Path, environments: Sequence[str]) -> list[str]:
    jobs: list[str] = []
    needs = "check"
    for env in environments:
        settings = load_settings(project, env or None)
        parts = _target(settings)
        values = {**_common_values(project, _find_repository(project)), **_environment(env)}
        parts["execution"] = _Yaml(parts["execution"]).substitute(
            values, image=settings.container().image
        )
        jobs.append(_render("deploy.yml", {**values, **parts, "needs": needs}))
        needs = f"deploy-{values['env']}"
    return jobs


def _common_values(project: Path, repository: Path) -> dict[str, str]:
    values = {
        "branch": "main",
        "folder": project.relative_to(repository).as_posix(),
        "functions": find_functions(project).relative_to(project).as_posix(),
        "lint": _LINT if _configures_ruff(project, repository) else _LINT_UNCONFIGURED,
        "package": f"edge-functions=={version('edge-functions')}",
        "python": f"{version_info.major}.{version_info.minor}",
    }
    return values | {"setup": _render("setup.yml", values)}


def _target(settings: Settings) -> dict[str, str]:
    parts: dict[str, str] = tomllib.loads(
        (_FOLDER / f"{settings.target}.toml").read_text(encoding="utf-8")
    )
    return {name: text.strip("\n") for name, text in parts.items()}


def _target_notes(settings: Settings) -> dict[str, str]:
    parts = _target(settings)
    lines = {name: f"{parts[name]}\n" if parts[name] else "" for name in ("variables", "secrets")}
    return {**lines, "target": settings.target}


def _environment(env: str) -> dict[str, str]:
    return {"env": env or "production", "option": f" --env {env}" if env else ""}


def _environments(project: Path) -> list[str]:
    """Return the environments of deploy.toml, production last; an unnamed one if there is none."""
    try:
        names = list(read_toml(project / FILE).get("env", {}))
    except (FileNotFoundError, tomllib.TOMLDecodeError):  # the latter is reported by load_settings
        names = []
    for name in names:
        if not _ENV_NAME.fullmatch(name):
            raise EdgeError(
                f"{project / FILE}: [env.{name}] cannot be a job of a workflow.",
                cure="Use letters, digits, - and _ in its name.",
            )
    return sorted(names, key=lambda name: name in _LAST) or [""]


def _order(environments: Sequence[str]) -> str:
    return ", then ".join(f"to {env or 'production'}" for env in environments)


def _find_repository(project: Path) -> Path:
    """Return the folder above with .git, where GitHub reads workflows; else the project itself."""
    for folder in (project, *project.parents):
        if (folder / ".git").exists():
            return folder
    return project


def _configures_ruff(project: Path, repository: Path) -> bool:
    for folder in {project, repository}:
        if any((folder / name).is_file() for name in ("ruff.toml", ".ruff.toml")):
            return True
        try:
            if "ruff" in read_toml(folder / "pyproject.toml").get("tool", {}):
                return True
        except (FileNotFoundError, tomllib.TOMLDecodeError):
            continue
    return False


def _render(name: str, values: Mapping[str, str]) -> str:
    text = (_FOLDER / f"{name}.tmpl").read_text(encoding="utf-8")
    return _Yaml(text).substitute(values).rstrip("\n")


def _tidy(text: str) -> str:
    return text.rstrip("\n") + "\n"
