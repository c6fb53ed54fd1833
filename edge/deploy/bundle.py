"""One function as it is uploaded: its files, and what its manifest says."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.deploy.folders import replace_folder


@dataclass(frozen=True, slots=True)
class Bundle:
    """`digest` is the SHA-256 of the sorted files, by relative path and content."""

    slug: str
    digest: str
    files: Mapping[str, bytes]
    manifest: Mapping[str, Any]

    def write(self, folder: Path) -> None:
        """Make the folder that is uploaded."""
        replace_folder(folder, self.files)
