"""Measures the size and import time of a bundle's packages."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from edge.deploy.bundle.requirements import packages_of_modules
from edge.errors import DeployError

_LINE: Final = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s*([\w.]+)")
_PATIENCE: Final = 120


@dataclass(frozen=True, slots=True)
class Cost:
    """One package: the size of its files in bytes, the import time of its modules in milliseconds.

    `import_ms` is None if it is not imported before the first request.
    """

    name: str
    version: str
    size: int
    import_ms: float | None


def measure_costs(folder: Path, packages: Mapping[str, str]) -> list[Cost]:
    """Import the bundle in `folder` once, in a fresh process; returns the most expensive first."""
    times = _import_times(folder)
    origins = packages_of_modules(list(times))
    spent: Counter[str] = Counter()
    for module, microseconds in times.items():
        for package in origins[module]:
            spent[package] += microseconds
    costs = [
        Cost(name, version, _size(name), spent[name] / 1000 if name in spent else None)
        for name, version in packages.items()
    ]
    return sorted(costs, key=lambda cost: (-(cost.import_ms or 0), -cost.size))


def _import_times(folder: Path) -> Counter[str]:
    """Return microseconds by top-level module."""
    command = [sys.executable, "-X", "importtime", "-c", "import main"]
    try:
        done = subprocess.run(
            command, cwd=folder, env={"PATH": ""}, capture_output=True, text=True, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired as exc:
        raise DeployError(f"The bundle is not imported within {_PATIENCE} s.") from exc
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1]
        raise DeployError(f"The bundle cannot be imported: {last}")
    spent: Counter[str] = Counter()
    for microseconds, module in _LINE.findall(done.stderr):
        spent[module.partition(".")[0]] += int(microseconds)
    return spent


def _size(name: str) -> int:
    try:
        files = metadata.distribution(name).files or []
    except metadata.PackageNotFoundError:
        return 0
    return sum(file.size or 0 for file in files if "__pycache__" not in file.parts)
