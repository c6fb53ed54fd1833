"""Which env file a command works on, and which of its names are meant."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from edge.cli.console import remark
from edge.cli.functions.lookup import find_function, require_functions
from edge.errors import EdgeError
from edge.project.env_file import RESERVED_PREFIX, EnvFile


def open_store(workdir: Path, function: str | None) -> EnvFile:
    """The project's env file, or the function's own."""
    if function is not None:
        return EnvFile(find_function(workdir, function).folder / ".env")
    require_functions(workdir)
    return EnvFile(workdir / "functions" / ".env")


def choose(present: Mapping[str, str], names: Sequence[str], *, everything: bool) -> list[str]:
    """The names to remove; a name that is not there is a mistake."""
    if everything and names:
        raise EdgeError("Either names or --all, not both.")
    if everything:
        return [name for name in present if not name.startswith(RESERVED_PREFIX)]
    if not names:
        raise EdgeError("No secret is named.", cure="Name some, or all of them: --all")
    for name in names:
        if name not in present:
            near = get_close_matches(name, present, n=1)
            cure = f"Did you mean {near[0]}?" if near else "See them: edge secrets list"
            raise EdgeError(f"There is no secret {name}.", cure=cure)
    return list(dict.fromkeys(names))


def note_unasked(workdir: Path, function: str | None, names: Collection[str]) -> None:
    """Say which of the secrets no function will see, and what to do about it."""
    functions = require_functions(workdir)
    readers = [find_function(workdir, function)] if function else list(functions.values())
    asked = {name for reader in readers for name in reader.manifest.secrets}
    unasked = [name for name in names if name not in asked]
    if unasked:
        whose = f"functions/{readers[0].folder.name}/function.toml" if function else "function.toml"
        remark(
            f"No function asks for {', '.join(unasked)} yet: see `secrets` in {whose}.", "yellow"
        )
