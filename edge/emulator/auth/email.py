"""Mail addresses: which are accepted, and how they are written."""

import re
from typing import Final

from edge.emulator.auth.errors import EMAIL_INVALID

_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_ADDRESS: Final = re.compile(
    rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*", re.ASCII
)
_LONGEST: Final = 255


def parse_email(text: str) -> str:
    """In lower case, as it is stored; validation_failed if it is no address."""
    if len(text) > _LONGEST or not _ADDRESS.fullmatch(text):
        raise EMAIL_INVALID.error()
    return text.lower()
