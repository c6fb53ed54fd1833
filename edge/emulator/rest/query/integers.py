"""Parse integers of a request, clamped to Postgres' bigint.

Python's int() raises for thousands of digits, and is slow with fewer.
"""

from typing import Final

BIGINT_MAX: Final = 2**63 - 1
_MAX_DIGITS: Final = len(str(BIGINT_MAX))


def parse_digits(text: str) -> int | None:
    """Return the number, at most BIGINT_MAX; None unless `text` is ASCII digits only."""
    if not (text.isascii() and text.isdecimal()):
        return None
    significant = text.lstrip("0")
    if len(significant) > _MAX_DIGITS:
        return BIGINT_MAX
    return min(int(significant or "0"), BIGINT_MAX)


def parse_integer(text: str) -> int | None:
    """Return the number with an optional minus, clamped; None, as upstream, if it is not one."""
    number = parse_digits(text.removeprefix("-"))
    return -number if number is not None and text.startswith("-") else number
