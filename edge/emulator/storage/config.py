"""The settings of the storage service."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.tokens import Keys

DEFAULT_FILE_SIZE_LIMIT: Final = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """Keys, the folder of the files, and the limit of a file in bytes, as in config.toml.

    `durable` has each file reach the disk before its row is committed.
    """

    keys: Keys
    folder: Path
    file_size_limit: int = DEFAULT_FILE_SIZE_LIMIT
    durable: bool = True
