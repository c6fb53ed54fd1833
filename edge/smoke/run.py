"""Run smoke checks against a deployment, one after the other."""

import hmac
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal
from uuid import uuid4

import httpx

from edge.smoke.check import Check, code_of, fill_text

_SIGNATURE: Final = "x-retell-signature"
Verdict = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Location of functions: `url` contains {name}, or is the base of /functions/v1/<name>.

    `keys` are headers by kind of caller; `webhook_key` signs webhooks as Retell does; `timeout` is
    in seconds.
    """

    url: str
    keys: Mapping[str, Mapping[str, str]]
    webhook_key: str = ""
    timeout: float = 60.0

    def address(self, slug: str) -> str:
        if "{name}" in self.url:
            return self.url.replace("{name}", slug)
        return f"{self.url}/functions/v1/{slug}"


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of a check; `got` is the status and code, or why there is none."""

    function: str
    check: str
    expected: str
    got: str
    milliseconds: float
    verdict: Verdict


def run_checks(
    deployment: Deployment, checks: Iterable[tuple[str, Check]], *, is_here: bool
) -> Iterator[Finding]:
    """Yield findings as they are made; `is_here` calls a local stack without a proxy."""
    with httpx.Client(timeout=deployment.timeout, trust_env=not is_here) as client:
        for slug, check in checks:
            yield _run(client, deployment, slug, check)


def _run(client: httpx.Client, deployment: Deployment, slug: str, check: Check) -> Finding:
    expected = f"{check.status} {check.code}".strip()
    if check.signed == "rightly" and not deployment.webhook_key:
        why = "neither RETELL_WEBHOOK_SECRET nor RETELL_API_KEY is set"
        return Finding(slug, check.name, expected, why, 0.0, "skipped")
    started = time.perf_counter()
    try:
        reply = client.send(_request(client, deployment, slug, check))
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        got = f"no response: {exc or type(exc).__name__}"
        return Finding(slug, check.name, expected, got, _since(started), "failed")
    faults = _faults(reply, check)
    got = " ".join((f"{reply.status_code} {code_of(reply.content)}".strip(), *faults))
    verdict: Verdict = "failed" if faults else "passed"
    return Finding(slug, check.name, expected, got, _since(started), verdict)


def _request(
    client: httpx.Client, deployment: Deployment, slug: str, check: Check
) -> httpx.Request:
    headers = dict(deployment.keys.get(check.caller, {}))
    body = fill_text(check.body).encode() if check.body is not None else None
    if body is not None:
        headers["content-type"] = check.content_type
        if check.signed:
            headers[_SIGNATURE] = _sign(body, deployment.webhook_key, check.signed)
    url = deployment.address(slug) + (f"?{fill_text(check.query)}" if check.query else "")
    return client.build_request(check.method, url, headers=headers, content=body)


def _faults(reply: httpx.Response, check: Check) -> list[str]:
    faults: list[str] = []
    if reply.status_code != check.status:
        faults.append(f"(status is not {check.status})")
    if check.code and code_of(reply.content) != check.code:
        faults.append(f"(code is not {check.code})")
    for name, value in check.headers.items():
        if value not in reply.headers.get(name, ""):
            faults.append(f"({name} lacks {value})")
    return faults


def _sign(body: bytes, key: str, signed: str) -> str:
    """Sign as Retell's SDK does: v=<ms>,d=<HMAC-SHA256 of body and time>."""
    if signed == "wrongly":
        key = f"not {uuid4()}"
    now = str(int(time.time() * 1000))
    return f"v={now},d={hmac.new(key.encode(), body + now.encode(), sha256).hexdigest()}"


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
