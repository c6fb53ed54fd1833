"""Reads the numbers of a provider's JSON."""

import re
from decimal import Decimal
from typing import Any, Final

_NUMBER: Final = re.compile(r"[0-9]{1,15}(\.[0-9]+)?")


def read_number(value: Any) -> Decimal | None:
    """Return a number from zero on, also one that is written as text."""
    if isinstance(value, str):
        digits = value.strip(" ")
        return Decimal(digits) if _NUMBER.fullmatch(digits) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return Decimal(str(value)) if 0 <= value < 10**15 else None
