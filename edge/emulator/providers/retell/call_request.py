"""Validated body of POST /v2/create-phone-call.

Follows https://docs.retellai.com/api-references/create-phone-call.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from edge.emulator.providers.retell.errors import invalid

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_DEFAULT_AGENT: Final = "agent_local"
_METADATA_BYTES: Final = 50_000


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A request for a phone call; absent optional fields are None and are not rendered."""

    from_number: str
    to_number: str
    agent_id: str = _DEFAULT_AGENT
    agent_version: int = 0
    agent_tag: str | None = None
    agent_name: str | None = None
    metadata: Any = None
    variables: Mapping[str, str] | None = None
    sip_headers: Mapping[str, str] | None = None
    idempotency_key: str | None = None
    honor_internal_dnc: bool = False


def parse_call_request(body: Mapping[str, Any]) -> CallRequest:
    """Validate the body; raises RetellError 400 naming the invalid field."""
    version = body.get("override_agent_version")
    ignores_format = _flag(body, "ignore_e164_validation")
    return CallRequest(
        from_number=_number(body, "from_number", ignores_format=ignores_format),
        to_number=_number(body, "to_number"),
        agent_id=_text(body, "override_agent_id") or _DEFAULT_AGENT,
        agent_version=_version(version),
        agent_tag=version if isinstance(version, str) and not version.isdecimal() else None,
        agent_name=_agent_name(body),
        metadata=parse_metadata(body.get("metadata")),
        variables=_texts(body, "retell_llm_dynamic_variables"),
        sip_headers=_texts(body, "custom_sip_headers"),
        idempotency_key=_text(body, "idempotency_key"),
        honor_internal_dnc=_flag(body, "honor_internal_dnc"),
    )


def parse_metadata(value: Any) -> Any:
    """Validate `metadata`: an object of at most 50 kB as JSON, or None."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid("metadata must be object")
    if len(json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")) > _METADATA_BYTES:
        raise invalid("metadata must not exceed 50kB")
    return cast("dict[str, Any]", value)


def is_e164(number: str) -> bool:
    """True for `+` and 7 to 15 digits."""
    return _E164.fullmatch(number) is not None


def _number(body: Mapping[str, Any], name: str, *, ignores_format: bool = False) -> str:
    value = _text(body, name)
    if value is None:
        raise invalid(f"must have required property '{name}'")
    if not ignores_format and not is_e164(value):
        raise invalid(f"{name} is not a valid E.164 phone number: {value}")
    return value


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise invalid(f"{name} must be a non-empty string")
    return value


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid(f"{name} must be boolean")
    return value is True


def _texts(body: Mapping[str, Any], name: str) -> Mapping[str, str] | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise invalid(f"{name} must be object")
    given = cast("dict[str, object]", value)
    for key, text in given.items():
        if not isinstance(text, str):
            raise invalid(f"{name}/{key} must be string")
    return cast("dict[str, str]", given)


def _version(value: Any) -> int:
    if value is None or isinstance(value, str):
        return int(value) if value and value.isdecimal() else 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid("override_agent_version must be integer or string")
    return value


def _agent_name(body: Mapping[str, Any]) -> str | None:
    override = body.get("agent_override")
    if override is None:
        return None
    if not isinstance(override, dict):
        raise invalid("agent_override must be object")
    agent = cast("dict[str, Any]", override).get("agent")
    return _text(cast("dict[str, Any]", agent), "agent_name") if isinstance(agent, dict) else None
