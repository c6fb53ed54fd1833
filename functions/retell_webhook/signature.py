"""Whether a webhook is the provider's: its SDK's scheme (retell/lib/webhook_auth.py), on bytes."""

import hmac
import re
from hashlib import sha256
from typing import Final

from shared.auth.credentials import is_one_of
from shared.errors import UnauthorizedError
from shared.telephony.env import RetellEnv

HEADER: Final = "x-retell-signature"
WINDOW_MS: Final = 5 * 60 * 1000
_FORM: Final = re.compile(r"v=([0-9]{1,15}),d=([0-9a-f]{64})")
# What the deployment guide's example sends as its secret.
_EXAMPLE: Final = "your-webhook-secret"


class SignatureError(UnauthorizedError):
    """The webhook is not, or not any more, believed."""

    default_code = "INVALID_SIGNATURE"


def sign(body: bytes, key: str, timestamp: int) -> str:
    """Build the header's value; `timestamp` in milliseconds."""
    return f"v={timestamp},d={_digest(body, key, timestamp)}"


def verify(body: bytes, header: str | None, retell: RetellEnv, now_ms: int) -> None:
    """Return if the header signs the body now, else raise."""
    key = retell.webhook_key
    if not header:
        raise SignatureError(f"The {HEADER} header is missing.", code="SIGNATURE_MISSING")
    if retell.allows_plain_signature and _is_plain(header, retell):
        return
    match = _FORM.fullmatch(header)
    if not match:
        raise SignatureError(f"The {HEADER} header is not of the form v=<ms>,d=<64 hex digits>.")
    timestamp = int(match[1])
    if not hmac.compare_digest(match[2], _digest(body, key, timestamp)):
        raise SignatureError("The signature does not fit the body.")
    if abs(now_ms - timestamp) > WINDOW_MS:
        raise SignatureError("The signature is not of these minutes.", code="SIGNATURE_EXPIRED")


def _digest(body: bytes, key: str, timestamp: int) -> str:
    return hmac.new(key.encode(), body + str(timestamp).encode(), sha256).hexdigest()


def _is_plain(header: str, retell: RetellEnv) -> bool:
    """Return whether it is the secret itself, or the guide's example while none is set."""
    secrets = [retell.webhook_key] if retell.webhook_secret else [retell.webhook_key, _EXAMPLE]
    return is_one_of(header, secrets)
