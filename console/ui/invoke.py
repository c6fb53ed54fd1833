"""The form that calls a function as anybody, and shows the answer as it arrives."""

import codecs
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
from nicegui import ui

from console.api import ApiError, api
from console.settings import read_settings
from console.snippets import Call
from console.ui.copy_as import copy_as
from console.ui.form_fields import FormFields
from console.ui.messages import show_error
from console.ui.output import Output
from console.ui.parts import facts, link, milliseconds
from console.ui.roles import RolePicker
from console.ui.saved_requests import SavedRequests
from console.ui.text import pretty
from console.view import BASE

METHODS: Final = ("POST", "GET", "PUT", "PATCH", "DELETE")
_KINDS: Final = {"body": "JSON or text", "form": "Form with files"}
_SHOWN_WHOLE: Final = 500_000
_PREFIX: Final = "x-console-"


class InvokeForm:
    """A request for one function. `samples` are its saved requests, by name."""

    def __init__(self, slug: str, samples: Sequence[Mapping[str, Any]]) -> None:
        self.slug = slug
        self.saved = SavedRequests(slug, samples, self.read, self.fill)

    async def build(self) -> None:
        """Add the form's elements."""
        with ui.element("div").classes("row-wrap"):
            self.method = ui.select(list(METHODS), label="Method", value="POST")
            self.method.props("dense outlined options-dense").classes("filter-short")
            self.path = ui.input(f"Path after /{self.slug}, with query").props("dense outlined")
            self.path.classes("grow mono own-line")
            self.role = RolePicker(value="service_role")
        with ui.element("div").classes("row-wrap"):
            self.saved.build()
        self.kind = ui.toggle(_KINDS, value="body").props("no-caps unelevated padding='4px 12px'")
        self.body = ui.textarea("Body", value="{}").props("outlined autogrow")
        self.body.classes("mono full body-field")
        self.body.bind_visibility_from(self.kind, "value", value="body")
        self.fields = FormFields()
        self.fields.place.bind_visibility_from(self.kind, "value", value="form")
        self.headers = ui.textarea("More headers, one a line: Name: value").props(
            "outlined autogrow rows=1"
        )
        self.headers.classes("mono full")
        with ui.element("div").classes("row-wrap"):
            self.button = ui.button("Call", icon="send", on_click=self.send)
            self.button.props("no-caps unelevated data-call")
            copy_as(self.as_call)
        self.result = ui.element("div").classes("stack").props("aria-live=polite")
        if self.saved.first:
            self.fill(self.saved.first)
        await self.saved.load()

    def read(self) -> dict[str, Any]:
        """Return what the form says, to be saved."""
        return {
            "method": self.method.value,
            "path": self.path.value or "",
            "headers": self.headers.value or "",
            "body": self.body.value or "" if self.kind.value == "body" else "",
            "fields": self.fields.texts if self.kind.value == "form" else [],
            "as": self.role.value,
        }

    def fill(self, sample: Mapping[str, Any]) -> None:
        """Take over a saved request."""
        body = sample.get("body")
        fields = sample.get("fields") or []
        self.kind.set_value("form" if fields else "body")
        self.fields.fill(fields)
        kind = sample.get("content_type") or ""
        given = "" if kind in {"", "application/json"} else f"content-type: {kind}"
        self.headers.set_value(str(sample.get("headers") or given))
        self.method.set_value(str(sample.get("method") or "POST").upper())
        query = f"?{sample['query']}" if sample.get("query") else ""
        self.path.set_value(f"{sample.get('path') or ''}{query}")
        self.role.choose(sample.get("as"))
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        self.body.set_value("" if body is None else pretty(text))

    def as_call(self) -> Call:
        """Return what the form says, with the key of its role."""
        path, _, query = (self.path.value or "").partition("?")
        settings = read_settings()
        key = settings.publishable_key
        if self.role.value in ("service_role", "none"):
            key = "YOUR_SECRET_KEY" if self.role.value == "service_role" else ""
        is_form = self.kind.value == "form"
        return Call(
            url=settings.project_url,
            function=self.slug,
            method=self.method.value,
            path=path,
            query=query,
            headers=parse_headers(self.headers.value or ""),
            body="" if is_form or self.method.value == "GET" else self.body.value or "",
            parts=self.fields.parts if is_form else (),
            key=key,
        )

    async def send(self) -> None:
        """Call the function; show status, headers and body as they come."""
        self.result.clear()
        call = self.as_call()
        headers = dict(call.headers)
        if call.body and call.has_json and "content-type" not in {n.lower() for n in headers}:
            headers["content-type"] = "application/json"
        is_form = self.kind.value == "form"
        sent = {
            "function": self.slug,
            "method": call.method,
            "path": call.path,
            "query": call.query,
            "headers": headers,
            **({"parts": self.fields.parts} if is_form else {"body": call.body or None}),
            "as": self.role.value,
        }
        self.button.disable()
        self.began = time.perf_counter()
        try:
            async with api().stream("POST", "/invoke", body=sent) as response:
                await self._show(response)
        except ApiError as exc:
            with self.result:
                show_error(exc)
        finally:
            self.button.enable()

    async def _show(self, response: httpx.Response) -> None:
        began = self.began
        status = int(response.headers.get(f"{_PREFIX}status") or response.status_code)
        request_id = response.headers.get("sb-request-id") or response.headers.get(
            f"{_PREFIX}request-id", ""
        )
        tone = "bad" if status >= 500 else "warn" if status >= 400 else "good"
        with self.result:
            with ui.element("div").classes("row-wrap"):
                ui.label(str(status)).classes(f"status {tone}").props("data-status")
                self.took = ui.label().classes("dim")
                if request_id:
                    link("Open the request", f"{BASE}/requests/{request_id}")
            output = Output("Answer")
            headers = answer_headers(response)
            with ui.expansion(f"{len(headers)} headers").props("dense"):
                facts(headers)
        await self._copy_body(response, output)
        self.took.set_text(milliseconds((time.perf_counter() - began) * 1000))

    async def _copy_body(self, response: httpx.Response, output: Output) -> None:
        kind = response.headers.get("content-type", "")
        if kind.startswith(("image/", "audio/", "video/", "application/octet", "application/zip")):
            count = 0
            async for part in response.aiter_bytes():
                count += len(part)
            output.append(f"{count:,} bytes of {kind}")
            return
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        is_json = "json" in kind
        held, shown = "", 0
        async for part in response.aiter_bytes():
            text = decoder.decode(part)
            shown += len(text)
            if is_json and shown < _SHOWN_WHOLE:
                held += text
            else:
                output.append(held + text)
                held = ""
        output.append(pretty(held) if is_json else "")


def answer_headers(response: httpx.Response) -> dict[str, str]:
    """Return the headers that the function's answer had."""
    try:
        pairs: list[tuple[str, str]] = json.loads(response.headers.get(f"{_PREFIX}headers", "[]"))
        return dict(pairs)
    except (ValueError, TypeError):
        return {}


def parse_headers(text: str) -> dict[str, str]:
    """Read `Name: value` lines; lines without a name are left out."""
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon and name.strip()}
