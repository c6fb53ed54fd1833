"""Files of a new project: its own, a first function, and the modules of `shared/` it needs."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Final

from edge.cli.scaffold.function import SUFFIX, TEMPLATES, NewFunction, plan_function
from edge.project.layout import find_functions

_FIRST: Final = NewFunction("hello", "http")
# Modules that templates and new functions use. The modules that these import are added; those of
# the sales functions are not.
_WANTED: Final = (
    "shared.http.body",
    "shared.context",
    "shared.endpoint",
    "shared.errors",
    "shared.llm.anthropic",
    "shared.llm.embeddings",
    "shared.llm.openai",
    "shared.llm.prompt",
    "shared.llm.structured",
)


def plan_project(title: str) -> dict[str, str]:
    """Return the files' texts by path in the project; `title` becomes its name and project_id."""
    values = {
        "title": title,
        "project_id": re.sub(r"[^A-Za-z0-9_-]+", "-", title).strip("-") or "project",
    }
    moment = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
    own = {
        name.replace("dot_", ".").replace("TIMESTAMP", moment): text
        for name, text in _render_all(TEMPLATES / "project", values)
    }
    return {**own, **plan_function(_FIRST, has_shared=True), **dict(_shared_files())}


def adopt_project(folder: Path) -> dict[str, str]:
    """Return the files that an existing Supabase project lacks to have a Python function."""
    if any(find_functions(folder).glob("*/main.py")):
        return {}
    wanted = {**plan_function(_FIRST, has_shared=True), **dict(_shared_files())}
    return {name: text for name, text in wanted.items() if not (folder / name).exists()}


def _render_all(folder: Path, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        text = Template(path.read_text(encoding="utf-8")).substitute(values)
        yield path.relative_to(folder).as_posix().removesuffix(SUFFIX), text


def _shared_files() -> Iterator[tuple[str, str]]:
    root = _shared_root()
    pending, seen = list[str](_WANTED), set[Path]()
    while pending:
        for path in _module_files(root, pending.pop()):
            if path not in seen:
                seen.add(path)
                text = path.read_text(encoding="utf-8")
                pending.extend(_imports(text))
                yield path.relative_to(root).as_posix(), text


def _shared_root() -> Path:
    """Return the folder that holds `shared/`: the templates in a wheel, else the checkout."""
    return TEMPLATES if (TEMPLATES / "shared").is_dir() else TEMPLATES.parents[1]


def _module_files(root: Path, name: str) -> Iterator[Path]:
    """Yield the module's file, if it exists, and the __init__.py of every package above."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        path = root.joinpath(*parts[:depth])
        candidates = (path / "__init__.py", path.with_suffix(".py"))
        yield from (file for file in candidates if file.is_file())


def _imports(text: str) -> Iterator[str]:
    """Yield the names of `shared` that the source imports, at the top or inside functions."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "shared":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == "shared")
