"""Call the project's hooks: Postgres functions, or HTTP endpoints signed by Standard Webhooks.

Follows supabase/auth (internal/hooks).
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psycopg
from psycopg import sql

from edge.emulator.auth.config import HookConfig
from edge.emulator.auth.errors import HOOK_FAILED, HOOK_REFUSED, AuthError
from edge.emulator.auth.user import render_time
from edge.emulator.postgres.pool import Connection

_POSTGRES_MILLISECONDS: Final = 2000
_HTTP_SECONDS: Final = 5.0
_ATTEMPTS: Final = 3
_PAUSE_SECONDS: Final = 2.0
_MAX_ANSWER: Final = 200 * 1024
_RETRIED: Final = (429, 503)
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_$-]{0,62}", re.ASCII)
_LABELS: Final = {
    "mfa_verification_attempt": "mfa-verification",
    "password_verification_attempt": "password-verification",
    "custom_access_token": "customize-access-token",
    "send_email": "send-email",
    "send_sms": "send-sms",
    "before_user_created": "before-user-created",
    "after_user_created": "after-user-created",
}


@dataclass(frozen=True, slots=True)
class Hooks:
    """The configured hooks by name."""

    hooks: Mapping[str, HookConfig]

    def has(self, name: str) -> bool:
        return name in self.hooks

    async def invoke(
        self, name: str, connection: Connection, payload: Mapping[str, Any], address: str
    ) -> dict[str, Any]:
        """Call the hook and return its answer; raises its own error, or unexpected_failure."""
        hook = self.hooks[name]
        metadata = {
            "uuid": str(uuid4()),
            "time": render_time(datetime.now(UTC)),
            "name": _LABELS[name],
            "ip_address": address,
        }
        body = {"metadata": metadata, **payload}
        if hook.uri.startswith("pg-functions:"):
            answer = await _call_function(connection, hook.uri, body)
        else:
            answer = await _post(hook, body)
        return _check(answer)


def _check(answer: Any) -> dict[str, Any]:
    """Return the answer; raises the error that it carries."""
    if answer is None:
        return {}
    if not isinstance(answer, dict):
        raise HOOK_FAILED.error(message="Error unmarshaling JSON output.")
    found = cast("dict[str, Any]", answer)
    error = found.get("error")
    if isinstance(error, dict):
        details = cast("dict[str, Any]", error)
        message = str(details.get("message") or "")
        if message:
            status = details.get("http_code")
            status = status if isinstance(status, int) and 400 <= status <= 599 else 500
            code = "unexpected_failure" if status == 500 else "unknown"
            raise AuthError(status, code, message)
    return found


async def _call_function(connection: Connection, uri: str, body: Mapping[str, Any]) -> Any:
    """Call the function in the caller's transaction, for at most two seconds."""
    parts = urlsplit(uri).path.split("/")
    if len(parts) < 3 or not all(_NAME.fullmatch(part) for part in parts[1:3]):
        raise HOOK_FAILED.error(message=f"{uri} does not name a schema and a function")
    name = sql.Identifier(parts[1], parts[2])
    statement = sql.SQL("select {}($1::text::jsonb) as answer").format(name)
    try:
        async with connection.transaction():
            limit = f"set local statement_timeout to '{_POSTGRES_MILLISECONDS}'"
            await connection.execute(limit.encode())
            text = statement.as_string(connection).encode()
            row = await (await connection.execute(text, (json.dumps(body),))).fetchone()
            await connection.execute(b"set local statement_timeout to default")
    except psycopg.errors.QueryCanceled as exc:
        raise HOOK_REFUSED.error(
            message=f"Failed to run the hook within {_POSTGRES_MILLISECONDS / 1000} seconds"
        ) from exc
    except psycopg.Error as exc:
        reason = exc.diag.message_primary or "failed"
        raise HOOK_FAILED.error(message=f"Error running hook URI: {uri}: {reason}") from exc
    return row["answer"] if row else None


async def _post(hook: HookConfig, body: Mapping[str, Any]) -> Any:
    raw = json.dumps(body).encode()
    async with httpx.AsyncClient(timeout=_HTTP_SECONDS, follow_redirects=False) as client:
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_PAUSE_SECONDS)
            try:
                answer = await client.post(hook.uri, content=raw, headers=_sign(hook, raw))
            except httpx.TimeoutException as exc:
                raise HOOK_REFUSED.error(
                    message=f"Failed to reach hook within maximum time of {_HTTP_SECONDS} seconds"
                ) from exc
            except httpx.HTTPError:
                continue
            if answer.status_code not in _RETRIED or "retry-after" not in answer.headers:
                return _read(answer)
    raise HOOK_FAILED.error(message="Failed to reach hook after maximum retries")


def _read(answer: httpx.Response) -> Any:
    if answer.status_code in (200, 202):
        if len(answer.content) > _MAX_ANSWER:
            raise HOOK_REFUSED.error(message="Payload size exceeded size limit of 204800 bytes")
        if not answer.content:
            return None
        if answer.headers.get("content-type", "").partition(";")[0] != "application/json":
            raise HOOK_FAILED.error(
                message="Invalid Content-Type header in the hook's response: application/json"
                " is expected"
            )
        try:
            return answer.json()
        except ValueError as exc:
            raise HOOK_FAILED.error(message="Error unmarshaling JSON output.") from exc
    if answer.status_code == 204:
        return None
    if answer.status_code in (400, 403, 500):
        try:
            return answer.json()
        except ValueError:
            pass
    raise HOOK_FAILED.error(
        message=f"Unexpected status code returned from hook: {answer.status_code}"
    )


def _sign(hook: HookConfig, raw: bytes) -> dict[str, str]:
    """Return the Standard Webhooks headers, with a signature by each secret."""
    message_id, moment = str(uuid4()), str(int(time.time()))
    signed = f"{message_id}.{moment}.".encode() + raw
    signatures: list[str] = []
    for secret in hook.secrets:
        encoded = secret.removeprefix("v1,").removeprefix("whsec_")
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        signatures.append("v1," + base64.b64encode(digest).decode())
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": ", ".join(signatures),
    }
