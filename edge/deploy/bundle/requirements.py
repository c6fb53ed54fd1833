"""Resolves the packages of one function, with their dependencies, at the lock's versions."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from edge.errors import DeployError

FILE: Final = "requirements.txt"
LOCK: Final = "requirements.lock"
# The platform that functions run on, independent of the machine that builds.
_PLATFORM: Final = {
    "os_name": "posix",
    "platform_system": "Linux",
    "sys_platform": "linux",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
}


@dataclass(frozen=True, slots=True)
class Pinned:
    """A package of the lock: its version, and the hashes of its files."""

    name: str
    version: str
    hashes: tuple[str, ...]

    def render(self) -> str:
        lines = [f"{self.name}=={self.version}", *(f"    --hash={each}" for each in self.hashes)]
        return " \\\n".join(lines)


def read_lock(path: Path) -> Mapping[str, Pinned]:
    """Read the packages of a lock file by canonical name."""
    state = path.stat()
    return _parse_lock(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _parse_lock(path: Path, _modified: int, _size: int) -> Mapping[str, Pinned]:
    found: dict[str, Pinned] = {}
    for line in _logical_lines(path):
        words = line.text.split()
        requirement = _parse(line, " ".join(w for w in words if not w.startswith("--hash=")))
        hashes = tuple(w.removeprefix("--hash=") for w in words if w.startswith("--hash="))
        name = canonicalize_name(requirement.name)
        found[name] = Pinned(name, _version(line, requirement), hashes)
    return found


def read_requirements(path: Path) -> dict[str, Requirement]:
    """Read the pinned requirements of a function's requirements.txt. Raises DeployError."""
    if not path.is_file():
        raise DeployError(
            f"{path} is missing: a function is deployed with the packages that it names.",
            cure="Name them, each with its version: functions-framework==3.10.2",
        )
    named: dict[str, Requirement] = {}
    for line in _logical_lines(path):
        text = " ".join(w for w in line.text.split() if not w.startswith("--hash="))
        requirement = _parse(line, text)
        _version(line, requirement)
        named[canonicalize_name(requirement.name)] = requirement
    return named


@dataclass(slots=True)
class Closure:
    """Collects requirements with their dependencies, as the installed packages declare them."""

    lock: Mapping[str, Pinned]
    found: dict[str, Pinned] = field(default_factory=dict[str, Pinned])
    _seen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def add(self, requirement: Requirement, source: str) -> None:
        name = canonicalize_name(requirement.name)
        pinned = self.lock.get(name)
        if pinned is None:
            raise DeployError(
                f"{source}: {requirement.name} is not in {LOCK}.", cure="Lock it: scripts/lock"
            )
        if not requirement.specifier.contains(pinned.version, prereleases=True):
            raise DeployError(
                f"{source}: {requirement} is not what {LOCK} has: {pinned.version}.",
                cure="Make them say the same: scripts/lock",
            )
        self.found[name] = pinned
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) not in self._seen:
                self._seen.add((name, extra))
                self._add_needed_by(pinned, extra)

    def _add_needed_by(self, pinned: Pinned, extra: str) -> None:
        for requirement in _needed_by(pinned):
            marker = requirement.marker
            environment = {**_PLATFORM, "extra": extra}
            if marker is None and extra:
                continue
            if marker is None or marker.evaluate(environment):
                self.add(requirement, f"{pinned.name}=={pinned.version}")


@cache
def _needed_by(pinned: Pinned) -> tuple[Requirement, ...]:
    """Return what an installed package declares; most functions have the same packages."""
    try:
        distribution = metadata.distribution(pinned.name).metadata
    except metadata.PackageNotFoundError:
        distribution = None
    if distribution is None or distribution["Version"] != pinned.version:
        there = f"{distribution['Version']} is" if distribution else "it is not"
        raise DeployError(
            f"{pinned.name} {pinned.version} is locked, but {there} installed: what it needs is "
            "read from the installed package.",
            cure="Install the lock: scripts/setup",
        )
    return tuple(map(Requirement, distribution.get_all("Requires-Dist") or ()))


def packages_of_modules(modules: Collection[str]) -> dict[str, set[str]]:
    """Return the installed packages that may contain each top-level module."""
    known = _distributions_by_module()
    return {
        name: {canonicalize_name(each.metadata["Name"]) for each in known.get(name, ())}
        for name in modules
    }


@cache
def _distributions_by_module() -> Mapping[str, Sequence[metadata.Distribution]]:
    """Do what importlib.metadata.packages_distributions does, which parses all for a second."""
    found: dict[str, list[metadata.Distribution]] = {}
    for distribution in metadata.distributions():
        for name in _top_level_modules(distribution):
            found.setdefault(name, []).append(distribution)
    return found


def _top_level_modules(distribution: metadata.Distribution) -> set[str]:
    if declared := (distribution.read_text("top_level.txt") or "").split():
        return set(declared)
    record = distribution.read_text("RECORD")
    lines = record.splitlines() if record else map(str, distribution.files or ())
    paths = (line.partition(",")[0].strip('"') for line in lines)
    return {path.partition("/")[0].removesuffix(".py") for path in paths if path.endswith(".py")}


def render(packages: Iterable[Pinned]) -> bytes:
    """Render a file for `pip install --require-hashes`."""
    return "".join(f"{each.render()}\n" for each in sorted(packages, key=_by_name)).encode()


def _by_name(pinned: Pinned) -> str:
    return pinned.name


@dataclass(frozen=True, slots=True)
class _Line:
    path: Path
    number: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.number}"


def _logical_lines(path: Path) -> Iterator[_Line]:
    """Yield lines without comments, continued ones joined."""
    begun, number = "", 0
    for index, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        number = number if begun else index
        if text.endswith("\\"):
            begun += text[:-1] + " "
        elif begun or text:
            if (begun + text).strip():
                yield _Line(path, number, (begun + text).strip())
            begun = ""


def _parse(line: _Line, text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as exc:
        raise DeployError(f"{line}: not a requirement: {text!r}.") from exc


def _version(line: _Line, requirement: Requirement) -> str:
    pins = [each.version for each in requirement.specifier if each.operator in {"==", "==="}]
    if len(pins) != 1 or "*" in pins[0]:
        raise DeployError(
            f"{line}: {requirement} is not pinned.",
            cure=f"Give its exact version: {requirement.name}==…",
        )
    return pins[0]
