"""Collations of ICU, which the local Postgres is built without: text is ordered by code points."""

import re
from typing import Final

_CREATE: Final = re.compile(
    r"(?P<head>\bcreate\s+collation\s+[^;()]+)\((?P<options>[^;)]*\bprovider\s*=\s*'?\"?icu\b[^;)]*)\)",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(r'"[a-z]{2,3}(?:-\w+)*-x-icu"', re.IGNORECASE)
_HERE: Final = "(provider = builtin, locale = 'C.UTF-8')"


def without_icu(text: str) -> str:
    """Return the SQL with collations that the local Postgres has; as many lines as before."""
    if "icu" not in text and "ICU" not in text:
        return text
    text = _CREATE.sub(
        lambda found: found["head"] + _HERE + "\n" * found["options"].count("\n"), text
    )
    return _NAMED.sub('"pg_c_utf8"', text)
