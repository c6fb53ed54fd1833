"""Identifiers that look like the providers' own."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def hex_id(prefix: str, length: int) -> str:
    return f"{prefix}{secrets.token_hex((length + 1) // 2)[:length]}"


def letter_id(prefix: str, length: int) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))
