"""The signature of a webhook: HMAC-SHA256 of the body and the moment, keyed by the API key.

See https://docs.retellai.com/features/secure-webhook.
"""

import hashlib
import hmac


def sign(body: bytes, api_key: str, now_ms: int) -> str:
    """The value of `x-retell-signature`; `now_ms` is the receiver's time, not that of the calls."""
    digest = hmac.new(api_key.encode(), body + str(now_ms).encode(), hashlib.sha256)
    return f"v={now_ms},d={digest.hexdigest()}"
