"""Time-based one-time passwords (RFC 6238) as authenticator apps make them, and their QR code."""

import base64
import hashlib
import hmac
import secrets
import struct
from typing import Final
from urllib.parse import quote, urlencode

PERIOD: Final = 30
_DIGITS: Final = 6
_SECRET_BYTES: Final = 20


def generate_secret() -> str:
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def provisioning_uri(secret: str, issuer: str, account: str) -> str:
    """Return the otpauth:// URI that apps read from the QR code."""
    values = {
        "algorithm": "SHA1",
        "digits": str(_DIGITS),
        "issuer": issuer,
        "period": str(PERIOD),
        "secret": secret,
    }
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?{urlencode(values)}"


def render_qr_code(uri: str) -> str:
    """Return the QR code as an SVG document."""
    import segno  # imported late: few projects enrol factors

    return segno.make(uri, error="m", micro=False).svg_inline(scale=4)


def compute_code(secret: str, moment: float) -> str:
    """Return the code of the period that `moment` (epoch seconds) is in."""
    return _code(secret, int(moment) // PERIOD)


def matching_period(secret: str, code: str, moment: float) -> int | None:
    """Return the period whose code this is: the present one or a neighbour; None if none's."""
    present = int(moment) // PERIOD
    found = None
    for period in (present - 1, present, present + 1):
        if hmac.compare_digest(_code(secret, period).encode(), code.encode()):
            found = period
    return found


def _code(secret: str, period: int) -> str:
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    digest = hmac.new(key, struct.pack(">Q", period), hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)
