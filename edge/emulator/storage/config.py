"""The settings of the storage service."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.tokens import Keys

DEFAULT_FILE_SIZE_LIMIT: Final = 50 * 1024 * 1024
# The key pair that the Supabase CLI's local stack has, known to everyone.
S3_ACCESS_KEY: Final = "625729a08b95bf1b7ff351a663f3a23c"
S3_SECRET_KEY: Final = "850181e4652dd023b7a98c58ae0d2d34bd487ee0cc3254aed6eda37307425907"  # noqa: S105 - public


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """Keys, the folder of the files, and the limit of a file in bytes, as in config.toml.

    `durable` has each file reach the disk before its row is committed. The S3 key pair acts as
    service_role; with a session token, a request is signed with one of the `anon_keys`.
    """

    keys: Keys
    folder: Path
    file_size_limit: int = DEFAULT_FILE_SIZE_LIMIT
    durable: bool = True
    s3_access_key: str = S3_ACCESS_KEY
    s3_secret_key: str = S3_SECRET_KEY
    anon_keys: tuple[str, ...] = ()
