"""Builds the bundle of one function: its files, and a manifest that describes them.

Builds are reproducible: the same input makes the same bytes, at any time and in any folder.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement

import edge
from edge.deploy.atomic_folder import replace_folder
from edge.deploy.bundle.entrypoint import Entrypoint, render_entrypoint
from edge.deploy.bundle.imports import SHARED, ImportCollector, Imports, find_entry_point
from edge.deploy.bundle.requirements import (
    FILE,
    LOCK,
    Closure,
    Pinned,
    packages_of_modules,
    read_lock,
    read_requirements,
    render,
)
from edge.errors import DeployError
from edge.project.manifest import Manifest, ManifestError, read_manifest

MANIFEST: Final = "manifest.json"
_SERVICE: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_LEFT_OUT: Final = ("__pycache__", "tests")
_NOT_UPLOADED: Final = (FILE, "smoke.toml")
# Packages of the standalone app that functions-framework does not depend on.
_STANDALONE_PACKAGES: Final = {
    "jwt": ("pyjwt",),
    "httpx": ("httpx",),
    "opentelemetry": ("opentelemetry-exporter-otlp-proto-http", "opentelemetry-sdk"),
}
_TEST: Final = re.compile(r"test_.*|.*_test\.py|conftest\.py")


@dataclass(frozen=True, slots=True)
class Bundle:
    """`digest` is the SHA-256 of the sorted files, by relative path and content."""

    slug: str
    digest: str
    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]

    def write(self, folder: Path) -> None:
        """Replace `folder` by the bundle's files."""
        replace_folder(folder, self.files)

    @property
    def has_hashes(self) -> bool:
        """Whether packages are pinned by hash, not by version alone."""
        return b"--hash=" in self.files[FILE]

    @property
    def unused(self) -> tuple[str, ...]:
        """Packages in requirements.txt that no module imports."""
        return tuple(self.manifest["unused"])


def build_bundle(root: Path, slug: str, *, has_telemetry: bool = False) -> Bundle:
    """Build the bundle of function `slug` of the project at `root`.

    With `has_telemetry` it sends traces and metrics where OTEL_… variables say.
    Raises DeployError with the file and line of what is wrong.
    """
    return _Builder(root.resolve(), slug, has_telemetry).build()


@dataclass(frozen=True, slots=True)
class _Builder:
    root: Path
    slug: str
    has_telemetry: bool

    def build(self) -> Bundle:
        function = self._read_manifest()
        name, kind = self._check(function)
        entrypoint = Entrypoint.of(self.slug, self.name, function, name, kind)
        entrypoint = replace(entrypoint, has_telemetry=self.has_telemetry)
        own = ImportCollector(self.root, self.package, frozenset((SHARED,)))
        for path in self._sources():
            own.follow(".".join((self.package, *path.relative_to(self.folder).parts))[:-3])
        standalone = ImportCollector(
            Path(edge.__file__).parents[1], self.package, frozenset(("edge",))
        )
        for module in entrypoint.modules:
            standalone.follow(module)
        packages, unused = self._resolve(own.found, standalone.found)
        files = {
            **self._files_of_function(),
            **_files_of_modules(self.root, own.found),
            **_files_of_modules(standalone.root, standalone.found),
            "main.py": render_entrypoint(entrypoint),
            FILE: packages.text,
        }
        files = dict(sorted(files.items()))
        digest = _digest(files)
        manifest = {
            "slug": self.slug,
            "digest": digest,
            "function": function.as_written(),
            "packages": packages.versions,
            "unused": unused,
        }
        text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
        return Bundle(self.slug, digest, {**files, MANIFEST: text.encode()}, manifest)

    @property
    def name(self) -> str:
        return self.slug.replace("-", "_")

    @property
    def package(self) -> str:
        return f"functions.{self.folder.name}"

    @property
    def folder(self) -> Path:
        exact = self.root / "functions" / self.slug
        return exact if (exact / "main.py").is_file() else self.root / "functions" / self.name

    def _check(self, manifest: Manifest) -> tuple[str, str]:
        """Return the name and the kind of the function to serve."""
        if not _SERVICE.fullmatch(self.slug):
            raise DeployError(
                f"{self.slug!r} cannot be the name of a service: lower-case letters, digits and "
                "hyphens, from a letter on, at most 63.",
                cure=f"Rename the folder {self.folder}.",
            )
        name, kind = find_entry_point(self.folder / "main.py", manifest.entry_point)
        if kind == "typed":
            raise DeployError(
                f"{self.folder / 'main.py'}: {name} is typed, which cannot be deployed alone.",
                cure="Take the request itself, or deploy all functions in one image:"
                " --target container",
            )
        return name, kind

    def _read_manifest(self) -> Manifest:
        try:
            return read_manifest(self.folder)
        except ManifestError as exc:
            raise DeployError(exc.message, cure=exc.cure) from exc

    def _sources(self) -> Iterator[Path]:
        return (path for path in self._walk() if path.suffix == ".py")

    def _walk(self) -> Iterator[Path]:
        """Yield the function's files except tests, caches and hidden ones such as env files."""
        for path in sorted(self.folder.rglob("*")):
            parts = path.relative_to(self.folder).parts
            is_hidden = any(part.startswith(".") or part in _LEFT_OUT for part in parts)
            if path.is_file() and not is_hidden and not _TEST.fullmatch(path.name):
                yield path

    def _files_of_function(self) -> dict[str, bytes]:
        """Return the files below an importable folder name: hyphens become underscores."""
        paths = ((path.relative_to(self.folder).as_posix(), path) for path in self._walk())
        return {
            f"functions/{self.name}/{inside}": path.read_bytes()
            for inside, path in paths
            if inside not in _NOT_UPLOADED
        }

    def _resolve(self, own: Imports, standalone: Imports) -> tuple["_Packages", list[str]]:
        path = self.folder / FILE
        named = read_requirements(path)
        if not (self.root / LOCK).is_file():
            return _Packages.as_written(path, _additions(standalone, named, path)), []
        closure = Closure(read_lock(self.root / LOCK))
        for requirement in named.values():
            closure.add(requirement, str(path))
        origins = packages_of_modules({*own.packages, *standalone.packages})
        for module, place in own.packages.items():
            if not origins[module] & closure.found.keys():
                raise DeployError(
                    f"{place}: {module} is imported, but {path} does not name it.",
                    cure=f"Add it there: {next(iter(sorted(origins[module])), module)}==…",
                )
        for module in sorted(standalone.packages):
            self._add_standalone(closure, module, origins[module])
        used = {name for module in own.packages for name in origins[module]}
        unused = sorted(named.keys() - used - {"functions-framework"})
        return _Packages.locked(closure.found), unused

    def _add_standalone(self, closure: Closure, module: str, origins: set[str]) -> None:
        known = [each for each in sorted(origins) if each in closure.lock]
        for name in _STANDALONE_PACKAGES.get(module, known[:1]):
            # Even if present: maybe without the requirements of its extra.
            closure.add(Requirement(_with_extra(name)), "the standalone app")


@dataclass(frozen=True, slots=True)
class _Packages:
    text: bytes
    versions: Mapping[str, str]

    @classmethod
    def locked(cls, found: Mapping[str, Pinned]) -> "_Packages":
        versions = {name: found[name].version for name in sorted(found)}
        return cls(render(found.values()), versions)

    @classmethod
    def as_written(cls, path: Path, additions: Mapping[str, str]) -> "_Packages":
        """Join the function's own requirements and the standalone app's, without a lock."""
        named = read_requirements(path)
        versions = {name: str(named[name].specifier)[2:] for name in named} | dict(additions)
        text = path.read_text(encoding="utf-8")
        if additions and not text.endswith("\n"):
            text += "\n"
        text += "".join(f"{_with_extra(name)}=={additions[name]}\n" for name in additions)
        return cls(text.encode(), dict(sorted(versions.items())))


def _additions(standalone: Imports, named: Mapping[str, Requirement], path: Path) -> dict[str, str]:
    """Return installed versions of standalone packages that nothing else brings."""
    missing = sorted(
        package
        for module, packages in _STANDALONE_PACKAGES.items()
        for package in packages
        if module in standalone.packages and package not in named
    )
    if missing and b"--hash=" in path.read_bytes():
        raise DeployError(
            f"{path} has hashes, but lacks packages that verify_jwt, rate_limit or telemetry "
            f"require: {', '.join(map(_with_extra, missing))}.",
            cure=f"Name them there too, with hashes, or lock the project's packages in {LOCK}.",
        )
    return {package: metadata.version(package) for package in missing}


def _with_extra(package: str) -> str:
    return f"{package}[crypto]" if package == "pyjwt" else package


def _files_of_modules(root: Path, imports: Imports) -> dict[str, bytes]:
    """Return modules outside the function, and the data files beside them that they name."""
    files: dict[str, bytes] = {}
    for name, path in imports.modules.items():
        if name.startswith("functions."):
            continue
        source = path.read_bytes()
        files[path.relative_to(root).as_posix()] = source
        for other in path.parent.iterdir():
            is_data = other.is_file() and other.suffix not in {".py", ".pyc"}
            if is_data and not other.name.startswith(".") and other.name.encode() in source:
                files[other.relative_to(root).as_posix()] = other.read_bytes()
    return files


def _digest(files: Mapping[str, bytes]) -> str:
    digest = sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
