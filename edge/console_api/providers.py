"""/providers: which are emulated or real, what they were asked, and injected faults."""

from typing import Any, Final

import httpx
from pydantic import RootModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.console_api.audit import record
from edge.console_api.body import read_body
from edge.console_api.context import ConsoleContext, context_of
from edge.console_api.errors import invalid, not_found
from edge.project.providers import PROVIDERS

_MAX_FAULT: Final = 1 << 16
_KINDS: Final = {
    "": ["status", "hang", "hang_after", "cut", "malformed_json"],
    "openai": [
        "refusal",
        "content_filter",
        "truncated",
        "truncated_silently",
        "invalid_schema",
        "missing_item",
        "repeated_item",
        "renumbered_item",
        "empty",
        "failed",
        "wrong_dimensions",
        "unordered",
    ],
    "anthropic": [
        "refusal",
        "truncated",
        "invalid_schema",
        "missing_item",
        "repeated_item",
        "renumbered_item",
        "empty",
    ],
    "retell": ["lost", "duplicated", "delayed", "wrong_signature", "unknown_reason", "slot_leak"],
    "replicate": ["failed", "lost", "duplicated", "delayed", "wrong_signature"],
}
"""Kinds of faults that are worth offering, for all and by provider."""


async def _list_providers(request: Request) -> Response:
    context = context_of(request)
    faults = await _call(context, "GET", "/_faults")
    secrets = context.settings.secrets
    listed = [
        {
            "id": each.name.lower(),
            "name": each.name,
            "is_real": each.is_real(secrets),
            "key_variable": each.key,
            "is_key_set": bool(secrets.get(each.key)),
            "url": secrets.get(each.base_url) or context.settings.api_url + each.local_path,
            "requests": faults["requests"].get(each.name.lower(), {}),
            "processing_ms": faults["processing_ms"].get(each.name.lower(), 0.0),
            "pending": [f for f in faults["pending"] if f["provider"] == each.name.lower()],
            "kinds": [*_KINDS[""], *_KINDS.get(each.name.lower(), ())],
        }
        for each in PROVIDERS
    ]
    return JSONResponse({"data": listed, "next": None})


async def _show_ledger(request: Request) -> Response:
    """Return the newest entries of what an emulated provider was asked."""
    context, name = context_of(request), _name(request)
    if name != "retell":
        return JSONResponse({"data": [], "next": None})
    log = await _call(context, "GET", "/retell/_requests")
    entries = [
        {"kind": kind, **entry}
        for kind in ("creates", "calls", "deliveries")
        for entry in log[kind][-200:]
    ]
    entries.sort(key=lambda each: each.get("at_ms") or each.get("created_ms") or 0, reverse=True)
    return JSONResponse({"data": entries[:200], "next": None})


async def _show_faults(request: Request) -> Response:
    faults = await _call(context_of(request), "GET", "/_faults")
    pending = [each for each in faults["pending"] if each["provider"] == _name(request)]
    return JSONResponse({"data": pending, "next": None})


class _Fault(RootModel[dict[str, Any]]):
    """A fault as the emulated providers take it: {kind, endpoint?, status?, times?}."""


async def _add_fault(request: Request) -> Response:
    context, name = context_of(request), _name(request)
    fault = (await read_body(request, _Fault, _MAX_FAULT)).root
    await record(context, "provider.fault", name, {"fault": fault})
    await _call(context, "POST", "/_faults", {**fault, "provider": name})
    return await _show_faults(request)


async def _clear_faults(request: Request) -> Response:
    """Clear the faults of all providers, and the counts."""
    context = context_of(request)
    await record(context, "provider.clear_faults", "all")
    await _call(context, "DELETE", "/_faults")
    return JSONResponse({"data": [], "next": None})


def _name(request: Request) -> str:
    name = request.path_params["name"]
    if name not in {each.name.lower() for each in PROVIDERS}:
        raise not_found("provider with this name", "GET /console/api/providers lists them.")
    return name


async def _call(context: ConsoleContext, method: str, path: str, body: Any = None) -> Any:
    url = f"http://127.0.0.1:{context.settings.port}/providers{path}"
    key = context.settings.service_role_key
    headers = {"apikey": key, "authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.request(method, url, json=body, headers=headers)
    if answer.is_error:
        problems = "; ".join(
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in answer.json().get("problems", [])
        )
        raise invalid(problems or answer.text[:500])
    return answer.json()


ROUTES: Final = [
    Route("/providers", _list_providers),
    Route("/providers/faults", _clear_faults, methods=["DELETE"]),
    Route("/providers/{name}/ledger", _show_ledger),
    Route("/providers/{name}/faults", _show_faults),
    Route("/providers/{name}/faults", _add_fault, methods=["POST"]),
]
