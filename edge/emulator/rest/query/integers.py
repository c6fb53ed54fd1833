"""Decimal digits from a client as a number that Postgres can hold."""

from typing import Final

BIGINT_MAX: Final = 2**63 - 1
_MOST_DIGITS: Final = len(str(BIGINT_MAX))


def parse_digits(text: str) -> int | None:
    """None if these are no digits; what is beyond bigint is clamped to it.

    Python by itself refuses thousands of digits by an exception, and is slow at fewer.
    """
    if not (text.isascii() and text.isdecimal()):
        return None
    significant = text.lstrip("0")
    if len(significant) > _MOST_DIGITS:
        return BIGINT_MAX
    return min(int(significant or "0"), BIGINT_MAX)
