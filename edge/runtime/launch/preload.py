"""Lists what the zygotes import, and finds which libraries a function imports.

The base zygote imports `BASE`, which every worker needs. A library in `LIBRARIES` costs 0.2 to 3
seconds and up to 80 MB: the library zygote imports those that some function of the project imports.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

BASE: Final = (
    "encodings.idna",
    "functions_framework.aio",
    "a2wsgi",
    "uvicorn",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.lifespan.off",
    "uvloop",
    "httptools",
    "pydantic",
    "anyio._backends._asyncio",
    "edge.runtime.worker.main",
)
LIBRARIES: Final = {
    "httpx": ("httpx", "httpcore", "httpcore2"),
    "jwt": ("jwt", "jwt.algorithms"),
    "supabase": (
        "httpx",
        "httpcore",
        "httpcore2",
        "jwt",
        "jwt.algorithms",
        "opentelemetry.propagate",
        "truststore",
        "supabase",
    ),
    "openai": (
        "openai",
        "openai.resources.responses",
        "openai.resources.responses.responses",
        "openai.resources.embeddings",
        "openai.resources.chat",
    ),
    "anthropic": ("anthropic", "anthropic.resources.messages"),
    "psycopg": ("psycopg", "psycopg_binary"),
    "phonenumbers": ("phonenumbers", "phonenumbers.timezone"),
    "retell": ("retell", "retell.resources.call"),
    "semantic_text_splitter": ("semantic_text_splitter",),
}
"""Modules by the name that a function imports, in the order in which they are imported."""
_IMPORT: Final = re.compile(r"\s*(?:from\s+([\w.]+)\s+import\s+([^#]*)|import\s+([^#]+))")
_NAME: Final = re.compile(r"[\w.]+")
_LONGEST_SOURCE: Final = 1 << 20


@dataclass(slots=True)
class ImportScanner:
    """Finds the libraries that functions import, directly or through the project's own modules.

    Reads import statements as text, also those inside functions; what a third party's package
    imports is not followed. A library that is missed is imported by the worker itself: slower, not
    wrong. Results are kept until `clear`.
    """

    root: Path
    _libraries: dict[Path, tuple[str, ...]] = field(
        default_factory=dict[Path, tuple[str, ...]], init=False
    )
    _names: dict[Path, frozenset[str]] = field(
        default_factory=dict[Path, frozenset[str]], init=False
    )
    _files: dict[str, tuple[Path, ...]] = field(
        default_factory=dict[str, tuple[Path, ...]], init=False
    )

    def clear(self) -> None:
        """Forget what was read: call it when a source has changed."""
        for known in (self._libraries, self._names, self._files):
            known.clear()

    def libraries_of(self, folder: Path) -> tuple[str, ...]:
        """Return the keys of `LIBRARIES` that the function in `folder` imports, in that order."""
        if folder not in self._libraries:
            self._libraries[folder] = self._scan(folder)
        return self._libraries[folder]

    def _scan(self, folder: Path) -> tuple[str, ...]:
        pending = list(folder.rglob("*.py"))
        seen, names = set[Path](pending), set[str]()
        while pending:
            for name in self._imports(pending.pop()) - names:
                names.add(name)
                new = [path for path in self._own_files(name) if path not in seen]
                seen.update(new)
                pending.extend(new)
        tops = {name.partition(".")[0] for name in names}
        return tuple(name for name in LIBRARIES if name in tops)

    def _imports(self, path: Path) -> frozenset[str]:
        if path not in self._names:
            self._names[path] = frozenset(_absolute_names(_read(path)))
        return self._names[path]

    def _own_files(self, name: str) -> tuple[Path, ...]:
        if name not in self._files:
            self._files[name] = tuple(_module_files(self.root, name))
        return self._files[name]


def _read(path: Path) -> str:
    """Return the source; "" if it cannot be read or is too long to be one."""
    try:
        is_source = path.stat().st_size < _LONGEST_SOURCE
        return path.read_text(errors="replace") if is_source else ""
    except OSError:
        return ""


def _module_files(root: Path, name: str) -> Iterator[Path]:
    """The project's files that an import of `name` runs: the packages above it as well."""
    base = root
    for part in name.split("."):
        base /= part
        module, is_package = base.with_suffix(".py"), base.is_dir()
        if is_package and (base / "__init__.py").is_file():
            yield base / "__init__.py"
        elif not is_package and module.is_file():
            yield module
        if not is_package:
            return


def _absolute_names(text: str) -> Iterator[str]:
    """Names in import statements; relative imports stay inside a folder that is scanned whole."""
    for line in text.splitlines():
        if "import" in line and (found := _IMPORT.match(line)):
            module, names, plain = found.groups()
            if plain:
                yield from (name.split()[0] for name in plain.split(",") if name.strip())
            elif not module.startswith("."):
                yield module
                yield from (f"{module}.{name}" for name in _NAME.findall(names))


def modules_of(libraries: tuple[str, ...]) -> list[str]:
    """Return the modules that the zygote imports for these libraries, each once, in order."""
    return list(dict.fromkeys(module for name in libraries for module in LIBRARIES[name]))
