"""The policy of a presigned POST form: when it expires, and what each field must be. Pure.

Follows supabase/storage (src/storage/protocols/s3/policy.ts); the range of the file's length is
enforced too.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from edge.emulator.dense_json import loads
from edge.emulator.storage.errors import StorageError, access_denied, storage_error

_EXEMPT: Final = frozenset(
    {
        "policy",
        "x-amz-signature",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-security-token",
    }
)
_MAX_POLICY: Final = 64 * 1024


def invalid_policy(reason: str) -> StorageError:
    return storage_error("InvalidSignature", reason=reason)


@dataclass(frozen=True, slots=True)
class LengthRange:
    """The least and the most bytes of the file."""

    least: int = 0
    most: int = 2**63


def check_policy(encoded: str, fields: Mapping[str, str], bucket: str) -> LengthRange:
    """Check the fields, by names in lower case, against a policy.

    Raises InvalidSignature for a policy that cannot be read, ExpiredToken, and AccessDenied for a
    field that differs or that no condition names.
    """
    policy = _parse(encoded)
    _check_expiry(policy.get("expiration"))
    conditions = policy.get("conditions")
    if not isinstance(conditions, list):
        raise invalid_policy("Invalid policy conditions")
    values = {**fields, "bucket": bucket}
    covered: set[str] = set()
    length = LengthRange()
    for condition in cast("list[Any]", conditions):
        if isinstance(condition, list) and condition[:1] == ["content-length-range"]:
            length = _read_range(cast("list[Any]", condition))
        else:
            covered.add(_check_condition(condition, values))
    for name in values:
        if name not in covered | _EXEMPT and not name.startswith("x-ignore-"):
            raise access_denied(
                f'Policy condition failed: field "{name}" is not covered by the policy'
            )
    return length


def _parse(encoded: str) -> dict[str, Any]:
    if len(encoded) > _MAX_POLICY:
        raise invalid_policy("Invalid POST policy")
    try:
        value = loads(base64.b64decode(encoded, validate=True))
    except ValueError as exc:
        raise invalid_policy("Invalid POST policy") from exc
    if not isinstance(value, dict):
        raise invalid_policy("Invalid POST policy")
    return cast("dict[str, Any]", value)


def _check_expiry(text: Any) -> None:
    if not text:
        raise invalid_policy("Missing policy expiration")
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as exc:
        raise invalid_policy("Invalid policy expiration") from exc
    if moment.replace(tzinfo=moment.tzinfo or UTC) < datetime.now(UTC):
        raise storage_error("ExpiredToken")


def _read_range(condition: list[Any]) -> LengthRange:
    least, most = (*condition[1:3], None, None)[:2]
    if not isinstance(least, int) or not isinstance(most, int):
        raise invalid_policy("Invalid policy condition")
    return LengthRange(least, most)


def _check_condition(condition: Any, values: Mapping[str, str]) -> str:
    """Check one condition; returns the field that it names."""
    if isinstance(condition, dict) and len(cast("dict[str, Any]", condition)) == 1:
        name, wanted = next(iter(cast("dict[str, Any]", condition).items()))
        operator = "eq"
    elif isinstance(condition, list) and len(cast("list[Any]", condition)) == 3:
        operator, target, wanted = cast("list[Any]", condition)
        if operator not in ("eq", "starts-with") or not str(target).startswith("$"):
            raise invalid_policy("Unsupported policy condition")
        name = str(target)[1:]
    else:
        raise invalid_policy("Unsupported policy condition")
    name, wanted = str(name).lower(), str(wanted)
    actual = values.get(name)
    if actual is None or (operator == "eq" and actual != wanted):
        raise access_denied(f'Policy condition failed: "{name}" does not match')
    if not actual.startswith(wanted):
        raise access_denied(f'Policy condition failed: "{name}" does not start with "{wanted}"')
    return name
