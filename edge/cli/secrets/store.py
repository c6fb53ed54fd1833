"""Env file that `edge secrets` edits, and selection of the names to remove."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from edge.cli.console import remark
from edge.cli.functions.lookup import find_function, require_functions
from edge.errors import EdgeError
from edge.project.env_file import RESERVED_PREFIX, EnvFile
from edge.project.layout import find_functions


def open_store(workdir: Path, function: str | None) -> EnvFile:
    """Return the project's env file, or that of `function`."""
    if function is not None:
        return EnvFile(find_function(workdir, function).folder / ".env")
    require_functions(workdir)
    return EnvFile(find_functions(workdir) / ".env")


def choose(present: Mapping[str, str], names: Sequence[str], *, everything: bool) -> list[str]:
    """Return the names to remove. Raises EdgeError for an unknown name or an empty choice."""
    if everything and names:
        raise EdgeError("Give either names or --all, not both.")
    if everything:
        return [name for name in present if not name.startswith(RESERVED_PREFIX)]
    if not names:
        raise EdgeError("No secret is named.", cure="Name one or more secrets, or use --all.")
    for name in names:
        if name not in present:
            near = get_close_matches(name, present, n=1)
            cure = f"Did you mean {near[0]}?" if near else "List them: edge secrets list"
            raise EdgeError(f"There is no secret {name}.", cure=cure)
    return list(dict.fromkeys(names))


def warn_undeclared(workdir: Path, function: str | None, names: Collection[str]) -> None:
    """Warn about secrets that no function.toml lists, which no function therefore gets."""
    functions = require_functions(workdir)
    readers = [find_function(workdir, function)] if function else list(functions.values())
    declared = {name for reader in readers for name in reader.manifest.secrets}
    undeclared = [name for name in names if name not in declared]
    if undeclared:
        file = f"functions/{readers[0].folder.name}/function.toml" if function else "function.toml"
        remark(
            f"No function gets {', '.join(undeclared)} yet: add it to `secrets` in {file}.",
            "yellow",
        )
