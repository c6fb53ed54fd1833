"""Check, hash and compare passwords.

Follows supabase/auth (internal/crypto/password.go, internal/api/password.go).
"""

import asyncio
import re
from typing import Final

import bcrypt

from edge.emulator.auth.errors import PASSWORD_TOO_LONG, PASSWORD_WEAK

_MAX_BYTES: Final = 72  # bcrypt ignores the rest
_COST: Final = 10
_BCRYPT: Final = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")


def check_strength(password: str, shortest: int) -> None:
    """Raise weak_password with its reasons, or validation_failed above bcrypt's 72 bytes."""
    if len(password.encode()) > _MAX_BYTES:
        raise PASSWORD_TOO_LONG.error()
    if len(password) < shortest:
        raise PASSWORD_WEAK.error("length", shortest=shortest)


async def hash_password(password: str) -> str:
    """Hash on a thread, since bcrypt is slow on purpose."""
    return (await asyncio.to_thread(_hash, password.encode())).decode()


async def is_password(password: str, stored: str | None) -> bool:
    """Whether `stored` is the hash of `password`; False without a stored hash."""
    if not stored or not is_hash(stored) or len(password.encode()) > _MAX_BYTES:
        return False
    return await asyncio.to_thread(bcrypt.checkpw, password.encode(), stored.encode())


def is_hash(text: str) -> bool:
    return _BCRYPT.fullmatch(text) is not None


def _hash(password: bytes) -> bytes:
    return bcrypt.hashpw(password, bcrypt.gensalt(_COST))
