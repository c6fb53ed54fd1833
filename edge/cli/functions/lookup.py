"""The project's functions by the names that people type."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from edge.errors import EdgeError
from edge.project.manifest import Function, discover, slug_of


def require_functions(root: Path) -> dict[str, Function]:
    """The functions of the project at `root` by slug; an error where there is no such folder."""
    folder = root / "functions"
    if not folder.is_dir():
        raise EdgeError(
            f"There is no functions/ folder in {root.resolve()}.",
            cure="Go to your project or name it by --workdir DIR, or make one: edge init DIR",
        )
    return discover(folder)


def find_function(root: Path, name: str) -> Function:
    """The function of that name, hyphens and underscores being the same."""
    functions = require_functions(root)
    function = functions.get(slug_of(name))
    if function is None:
        raise unknown_function(name, functions)
    return function


def unknown_function(name: str, known: Iterable[str]) -> EdgeError:
    """What to say of a name that is none, with the one that was probably meant."""
    slugs = sorted(known)
    near = get_close_matches(slug_of(name), slugs, n=1)
    if near:
        cure = f"Did you mean {near[0]}?"
    else:
        cure = f"There are: {', '.join(slugs)}" if slugs else f"Make it: edge functions new {name}"
    return EdgeError(f"There is no function {name}.", cure=cure)
