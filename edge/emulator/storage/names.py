"""Check the names of buckets and objects, as upstream's limits.ts does."""

import re
from typing import Final

from edge.emulator.storage.errors import storage_error

_OBJECT: Final = re.compile(r"[A-Za-z0-9_/!.*'() &$=@;:+,?-]+")
_BUCKET: Final = re.compile(r"[A-Za-z0-9_!.*'() &$=@;:+,?-]+")
_MAX_BUCKET: Final = 100
_MAX_OBJECT: Final = 1024


def check_bucket_name(name: str) -> None:
    """Raise InvalidBucketName for other characters than allowed, or over 100 of them."""
    is_trimmed = name == name.strip()
    if len(name) > _MAX_BUCKET or not is_trimmed or not _BUCKET.fullmatch(name):
        raise storage_error("InvalidBucketName")


def check_object_name(name: str) -> None:
    """Raise InvalidKey for a name that no object can have."""
    if len(name) > _MAX_OBJECT or not _OBJECT.fullmatch(name):
        raise storage_error("InvalidKey", key=name[:_MAX_OBJECT])
