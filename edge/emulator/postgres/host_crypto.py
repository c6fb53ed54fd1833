"""What pgcrypto's crypt, gen_salt, encrypt and decrypt compute; called through host_server."""

import base64
from typing import Any, Final

from edge.emulator.postgres.host_server import HostError

_MAX_COST: Final = 14  # a second; more would hold a processor for minutes
_BLOCK: Final = 16


def crypt(password: str, salt: str) -> str:
    """Hash as pgcrypto's crypt does with a bcrypt salt ($2a$, $2b$, $2x$, $2y$)."""
    import bcrypt

    if not salt.startswith(("$2a$", "$2b$", "$2x$", "$2y$")):
        raise HostError(
            "crypt() knows bcrypt only here: use gen_salt('bf')"
            if salt.startswith(("$1$", "_", "$5$", "$6$")) or len(salt) in {2, 13}
            else "invalid salt"
        )
    cost = salt[4:6]
    if not cost.isdigit() or not 4 <= int(cost) <= _MAX_COST:
        raise HostError(f"crypt() takes a bcrypt cost of 4 to {_MAX_COST} here")
    try:
        # pgcrypto reads the first 72 bytes, and up to the first zero byte.
        data = password.encode().split(b"\0")[0][:72]
        return bcrypt.hashpw(data, salt[:29].encode()).decode()
    except ValueError as exc:
        raise HostError("invalid salt") from exc


def cipher(*, encrypts: bool, data: str, key: str, iv: str, kind: str) -> str:
    """Encrypt or decrypt raw bytes, given and returned in base64, as `encrypt_iv` does."""
    from cryptography.hazmat.primitives import padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    name, _, rest = kind.lower().partition("-")
    mode, _, pad = rest.partition("/pad:")
    if name not in {"aes", "rijndael"} or (mode or "cbc") not in {"cbc", "ecb"}:
        raise HostError(f'Cannot use "{kind}": only aes-cbc and aes-ecb are here')
    key_bytes = base64.b64decode(key)
    size = next((size for size in (16, 24, 32) if len(key_bytes) <= size), None)
    if size is None:
        raise HostError("encrypt error: Key was too big")
    start = base64.b64decode(iv)[:_BLOCK].ljust(_BLOCK, b"\0")
    chosen: Any = modes.ECB() if mode == "ecb" else modes.CBC(start)  # noqa: S305 - pgcrypto's
    engine = Cipher(algorithms.AES(key_bytes.ljust(size, b"\0")), chosen)
    content = base64.b64decode(data)
    padded = pad != "none"
    try:
        if encrypts:
            if padded:
                padder = padding.PKCS7(_BLOCK * 8).padder()
                content = padder.update(content) + padder.finalize()
            worker = engine.encryptor()
            result = worker.update(content) + worker.finalize()
        else:
            worker = engine.decryptor()
            result = worker.update(content) + worker.finalize()
            if padded:
                unpadder = padding.PKCS7(_BLOCK * 8).unpadder()
                result = unpadder.update(result) + unpadder.finalize()
    except ValueError as exc:
        raise HostError(
            ("encrypt" if encrypts else "decrypt") + " error: Data not a multiple of block size"
        ) from exc
    return base64.b64encode(result).decode()
