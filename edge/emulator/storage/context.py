"""The context of every route: settings, database, files."""

from dataclasses import dataclass

from starlette.requests import Request

from edge.emulator.storage.config import StorageConfig
from edge.emulator.storage.database import Database
from edge.emulator.storage.files import FileStore
from edge.emulator.storage.identity import Caller, authenticate
from edge.emulator.storage.resumable import ResumableStore
from edge.emulator.storage.transform import Transformer


@dataclass(frozen=True, slots=True)
class StorageContext:
    """What routes share."""

    config: StorageConfig
    database: Database
    files: FileStore
    resumable: ResumableStore
    transformer: Transformer

    def caller(self, request: Request) -> Caller:
        """Return the caller. Raises AccessDenied without a valid token."""
        return authenticate(request, self.config.keys)
