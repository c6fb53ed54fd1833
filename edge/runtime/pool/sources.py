"""The files that a function's workers have loaded: a change of one of them is new code."""

from dataclasses import dataclass, field
from typing import Any, Final

_MOST: Final = 20_000


@dataclass(slots=True)
class Sources:
    """What the workers reported (worker/loaded_files.py), real paths, in all generations."""

    loaded: set[str] = field(default_factory=set[str])
    written: set[str] = field(default_factory=set[str])
    missing: set[str] = field(default_factory=set[str])

    def add(self, report: Any) -> None:
        """Take a report; a function's own code could send anything."""
        if not isinstance(report, dict):
            return
        known = {"read": self.loaded, "written": self.written, "missing": self.missing}
        for kind, paths in report.items():  # pyright: ignore[reportUnknownVariableType]
            if kind in known and isinstance(paths, list) and len(known[kind]) < _MOST:
                known[kind].update(path for path in paths if isinstance(path, str))  # pyright: ignore[reportUnknownVariableType]

    def concern(self, path: str) -> bool:
        """Whether a file or folder that changed was loaded, or was looked for in vain."""
        if path in self.loaded:
            return path.endswith(".py") or path not in self.written
        if path in self.written:
            return False
        is_awaited = any(path == p or path.startswith((f"{p}.", f"{p}/")) for p in self.missing)
        return is_awaited or any(loaded.startswith(f"{path}/") for loaded in self.loaded)
