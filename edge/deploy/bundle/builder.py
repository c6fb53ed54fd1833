"""Bundles of one deployment, each built once."""

from dataclasses import dataclass, field
from pathlib import Path

from edge.deploy.bundle.build import Bundle, build_bundle


@dataclass(slots=True)
class Bundles:
    """Builds the bundles of the project at `root` when they are first needed; for any thread."""

    root: Path
    has_telemetry: bool = False
    _built: dict[str, Bundle] = field(default_factory=dict[str, Bundle], init=False)

    def of(self, slug: str) -> Bundle:
        """Return the function's bundle. Raises DeployError if it cannot be built."""
        if slug not in self._built:
            self._built[slug] = build_bundle(self.root, slug, has_telemetry=self.has_telemetry)
        return self._built[slug]
