"""Passwords: which are accepted, how they are kept, how they are compared."""

import asyncio
import re
from typing import Final

import bcrypt

from edge.emulator.auth.errors import PASSWORD_TOO_LONG, PASSWORD_WEAK

_LONGEST: Final = 72  # bytes; bcrypt looks at no more
_COST: Final = 10
_BCRYPT: Final = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")


def check_strength(password: str, shortest: int) -> None:
    """weak_password with its reasons, or validation_failed for one that would be cut."""
    if len(password.encode()) > _LONGEST:
        raise PASSWORD_TOO_LONG.error()
    if len(password) < shortest:
        raise PASSWORD_WEAK.error("length", shortest=shortest)


async def hash_password(password: str) -> str:
    """Slow on purpose, so on a thread."""
    return (await asyncio.to_thread(_hash, password.encode())).decode()


async def is_password(password: str, stored: str | None) -> bool:
    """Whether `stored` is the hash of `password`; nobody's password fits no hash."""
    if not stored or not is_hash(stored) or len(password.encode()) > _LONGEST:
        return False
    return await asyncio.to_thread(bcrypt.checkpw, password.encode(), stored.encode())


def is_hash(text: str) -> bool:
    return _BCRYPT.fullmatch(text) is not None


def _hash(password: bytes) -> bytes:
    return bcrypt.hashpw(password, bcrypt.gensalt(_COST))
