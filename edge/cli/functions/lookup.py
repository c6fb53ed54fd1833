"""Lookup of the project's functions by name, with hyphens or underscores."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from edge.errors import EdgeError
from edge.project.config_toml import ProjectConfig, read_config
from edge.project.environment import environ_or_default
from edge.project.layout import find_functions, is_project
from edge.project.manifest import Function, discover, slug_of


def require_functions(root: Path) -> dict[str, Function]:
    """Return the project's Python functions by slug. Raises EdgeError outside of a project."""
    require_project(root)
    return discover(find_functions(root), read_project_config(root).functions)


def read_project_config(root: Path) -> ProjectConfig:
    """Return the settings of the project's config.toml, or the defaults."""
    return read_config(root / "supabase" / "config.toml", environ_or_default(None))


def require_project(root: Path) -> None:
    """Raise EdgeError if the folder holds neither Supabase's files nor functions."""
    if not is_project(root) and not (root / "functions").is_dir():
        raise EdgeError(
            f"There is no project in {root.resolve()}: no supabase/ and no functions/ folder.",
            cure="Change to your project, pass --workdir DIR, or create one: edge init DIR",
        )


def find_function(root: Path, name: str) -> Function:
    """Return the function; hyphens and underscores are equal. Raises EdgeError if unknown."""
    functions = require_functions(root)
    function = functions.get(slug_of(name))
    if function is None:
        raise unknown_function(name, functions)
    return function


def unknown_function(name: str, known: Iterable[str]) -> EdgeError:
    """Return the error for an unknown function name, suggesting the closest match."""
    slugs = sorted(known)
    near = get_close_matches(slug_of(name), slugs, n=1)
    if near:
        cure = f"Did you mean {near[0]}?"
    else:
        create = f"Create it: edge functions new {name}"
        cure = f"There are: {', '.join(slugs)}" if slugs else create
    return EdgeError(f"There is no function {name}.", cure=cure)
