"""The signature of a webhook, the scheme of Standard Webhooks: id, time and body, HMAC-SHA256.

See https://replicate.com/docs/topics/webhooks/verify-webhook.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from shared.errors import UnauthorizedError

TOLERANCE_SECONDS: Final = 300
_LONGEST: Final = 200
_MOST_SIGNATURES: Final = 10


class SignatureError(UnauthorizedError):
    """The webhook is not, or not any more, believed."""

    default_code = "INVALID_SIGNATURE"


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now_seconds: float
) -> str:
    """Return the webhook's id if a secret signs it now. Raises SignatureError, without secrets too.

    A signature of a version other than v1, or that is malformed, is passed over.
    """
    webhook_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "").split()[:_MOST_SIGNATURES]
    if not webhook_id or not timestamp or not signatures:
        raise SignatureError("A webhook header is missing.", code="SIGNATURE_MISSING")
    if len(webhook_id) > _LONGEST or not (timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureError("The webhook's id or timestamp is malformed.")
    usable = [secret for secret in secrets if secret.removeprefix("whsec_").strip("=")]
    expected = [sign(body, webhook_id, timestamp, secret).encode() for secret in usable]
    given = [signature.encode("utf-8", "replace") for signature in signatures]
    # All are compared, so that the time does not tell which fits.
    matches = [hmac.compare_digest(one, other) for one in expected for other in given]
    if not any(matches):
        raise SignatureError("The signature does not fit the body.")
    if abs(now_seconds - int(timestamp)) > TOLERANCE_SECONDS:
        raise SignatureError("The signature is not of these minutes.", code="SIGNATURE_EXPIRED")
    return webhook_id


def sign(body: bytes, webhook_id: str, timestamp: str, secret: str) -> str:
    """Return the signature; a secret that is not base64 signs with its own bytes."""
    text = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = text.encode()
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()}"
