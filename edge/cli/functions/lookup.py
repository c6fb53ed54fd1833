"""Lookup of the project's functions by name, with hyphens or underscores."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from edge.errors import EdgeError
from edge.project.manifest import Function, discover, slug_of


def require_functions(root: Path) -> dict[str, Function]:
    """Return the project's functions by slug. Raises EdgeError without a functions/ folder."""
    folder = root / "functions"
    if not folder.is_dir():
        raise EdgeError(
            f"There is no functions/ folder in {root.resolve()}.",
            cure="Change to your project, pass --workdir DIR, or create one: edge init DIR",
        )
    return discover(folder)


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
