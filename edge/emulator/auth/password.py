"""Check, hash and compare passwords: bcrypt, and the argon2 and Firebase hashes of imports.

Follows supabase/auth (internal/crypto/password.go, internal/api/password.go). Hashing is slow on
purpose: it runs on few threads of its own, so that a flood of sign-ins does not stall the stack.
"""

import asyncio
import base64
import hmac
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import bcrypt
from cryptography.exceptions import InvalidKey, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.argon2 import Argon2i, Argon2id
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from edge.emulator.auth.config import PasswordConfig
from edge.emulator.auth.errors import PASSWORD_TOO_LONG, PASSWORD_WEAK, AuthError

Result = TypeVar("Result")

MAX_BYTES: Final = 72  # bcrypt ignores the rest
_COST: Final = 10
_THREADS: Final = 2
_MAX_MEMORY_KIB: Final = 1 << 20
_MAX_SCRYPT_POWER: Final = 18
_BCRYPT: Final = re.compile(r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}")
_ARGON2: Final = re.compile(
    r"\$(argon2id|argon2i)\$v=19\$m=(\d{1,8}),t=(\d{1,2}),p=(\d{1,2})\$([^$]+)\$([^$]+)"
)
_SCRYPT: Final = re.compile(
    r"\$fbscrypt\$v=1,n=(\d{1,2}),r=(\d{1,3}),p=(\d{1,2})(?:,ss=([^,$]+))?(?:,sk=([^$]+))?"
    r"\$([^$]+)\$(.+)"
)
_executor: Final = ThreadPoolExecutor(_THREADS, thread_name_prefix="edge-auth-password")
# The hash of no password: compared with for users that do not exist, so that they take as long.
_NO_HASH: Final = "$2b$10$F4yyfdfsddVhMRFsRseOhOC2RfO27cJC29MetI0eyVzxgUf0LZNlm"


def check_strength(password: str, config: PasswordConfig) -> None:
    """Raise weak_password with its reasons, or validation_failed above bcrypt's 72 bytes."""
    if error := find_weakness(password, config):
        raise error


def find_weakness(password: str, config: PasswordConfig) -> AuthError | None:
    """Return what check_strength raises."""
    if len(password.encode()) > MAX_BYTES:
        return PASSWORD_TOO_LONG.error()
    reasons: list[str] = []
    messages: list[str] = []
    if len(password.encode()) < config.min_length:
        reasons.append("length")
        messages.append(f"Password should be at least {config.min_length} characters.")
    required = config.required_characters
    if any(not set(password) & set(characters) for characters in required):
        reasons.append("characters")
        wanted = ", ".join(required)
        messages.append(f"Password should contain at least one character of each: {wanted}.")
    return PASSWORD_WEAK.error(*reasons, message=" ".join(messages)) if reasons else None


def generate_password(config: PasswordConfig) -> str:
    """Return a random password with a character of each required set."""
    required = "".join(secrets.choice(characters) for characters in config.required_characters)
    return (required + secrets.token_urlsafe(24))[:MAX_BYTES]


async def hash_password(password: str) -> str:
    return await _run(lambda: bcrypt.hashpw(password.encode(), bcrypt.gensalt(_COST)).decode())


async def is_password(password: str, stored: str) -> bool:
    """Whether `stored` is the hash of `password`; takes as long if there is no stored hash."""
    known = stored if is_hash(stored) else ""
    matches = await _run(lambda: _compare(password, known or _NO_HASH))
    return matches and bool(known)


def is_hash(text: str) -> bool:
    """Whether the text is a hash that passwords can be compared with."""
    if _BCRYPT.fullmatch(text):
        return True
    if match := _ARGON2.fullmatch(text):
        memory, passes, lanes = (int(match[group]) for group in (2, 3, 4))
        return memory <= _MAX_MEMORY_KIB and 1 <= passes <= 20 and 1 <= lanes <= 16
    match = _SCRYPT.fullmatch(text)
    return match is not None and 1 <= int(match[1]) <= _MAX_SCRYPT_POWER


async def _run(function: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(_executor, function)


def _compare(password: str, stored: str) -> bool:
    secret = password.encode()
    try:
        if stored.startswith("$argon2"):
            return _is_argon2(secret, stored)
        if stored.startswith("$fbscrypt"):
            return _is_scrypt(secret, stored)
        return len(secret) <= MAX_BYTES and bcrypt.checkpw(secret, stored.encode())
    except (ValueError, InvalidKey, UnsupportedAlgorithm, MemoryError):
        return False


def _is_argon2(secret: bytes, stored: str) -> bool:
    match = _ARGON2.fullmatch(stored)
    assert match is not None  # is_hash
    salt, expected = (_decode(match[group]) for group in (5, 6))
    kind = Argon2id if match[1] == "argon2id" else Argon2i
    derive = kind(
        salt=salt,
        length=len(expected),
        iterations=int(match[3]),
        lanes=int(match[4]),
        memory_cost=int(match[2]),
    )
    return hmac.compare_digest(derive.derive(secret), expected)


def _is_scrypt(secret: bytes, stored: str) -> bool:
    """Compare with Firebase's hash: the signer key encrypted with the derived key."""
    match = _SCRYPT.fullmatch(stored)
    assert match is not None  # is_hash
    separator, signer, salt, expected = (
        base64.b64decode(match[group] or "") for group in (4, 5, 6, 7)
    )
    derive = Scrypt(
        salt=salt + separator, length=32, n=1 << int(match[1]), r=int(match[2]), p=int(match[3])
    )
    encryptor = Cipher(algorithms.AES(derive.derive(secret)), modes.CTR(bytes(16))).encryptor()
    return hmac.compare_digest(encryptor.update(signer) + encryptor.finalize(), expected)


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))
