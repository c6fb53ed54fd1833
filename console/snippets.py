"""A call of a function as code: curl, supabase-py, supabase-js."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class Call:
    """What the invoke form says; `key` is the key or token that it is sent with."""

    url: str
    function: str
    method: str = "POST"
    path: str = ""
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: str = ""
    parts: Sequence[Mapping[str, Any]] = ()
    """Of a multipart form: `name` with `value`, or with `filename` and `content_type`."""
    key: str = ""

    @property
    def address(self) -> str:
        """The whole URL."""
        path = quote(self.path, safe="/%:@!$&'()*+,;=-._~")
        query = f"?{self.query}" if self.query else ""
        slash = "/" if path and not path.startswith("/") else ""
        return f"{self.url}/functions/v1/{quote(self.function)}{slash}{path}{query}"

    @property
    def has_json(self) -> bool:
        """Whether the body is JSON."""
        try:
            json.loads(self.body)
        except (ValueError, RecursionError):
            return False
        return True


def as_curl(call: Call) -> str:
    """Return a command for a POSIX shell."""
    lines = [f"curl -X {shlex.quote(call.method)} {shlex.quote(call.address)}"]
    headers = {"Authorization": f"Bearer {call.key}"} if call.key else {}
    if call.body and call.has_json and not _has(call.headers, "content-type"):
        headers["Content-Type"] = "application/json"
    for name, value in {**headers, **call.headers}.items():
        lines.append(f"-H {shlex.quote(f'{name}: {value}')}")
    if call.body:
        lines.append(f"--data-raw {shlex.quote(call.body)}")
    for part in call.parts:
        if file := part.get("filename"):
            field = f"-F {shlex.quote(_file_field(part['name'], file, part['content_type']))}"
        else:
            field = f"--form-string {shlex.quote(part['name'] + '=' + part['value'])}"
        lines.append(field)
    return " \\\n  ".join(lines)


def _file_field(name: str, file: str, kind: str) -> str:
    quoted = file.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}=@"{quoted}";type={kind}'


def as_python(call: Call) -> str:
    """Return a program with supabase-py; its invoke takes a name with path and query."""
    if call.parts:
        return _form_as_python(call)
    options = {"method": call.method}
    parts = [f'        "method": {options["method"]!r},']
    if call.headers:
        parts.append(f'        "headers": {dict(call.headers)!r},')
    if call.body:
        body = json.loads(call.body) if call.has_json else call.body
        parts.append(f'        "body": {body!r},')
    return "\n".join(
        [
            "from supabase import create_client",
            "",
            f"client = create_client({_origin(call.url)!r}, {call.key!r})",
            "answer = client.functions.invoke(",
            f"    {_target(call)!r},",
            "    invoke_options={",
            *parts,
            "    },",
            ")",
            "print(answer)",
        ]
    )


def _form_as_python(call: Call) -> str:
    """Return a program with httpx: supabase-py sends no forms."""
    rows: list[str] = []
    for part in call.parts:
        if file := part.get("filename"):
            value = f"({file!r}, open({file!r}, 'rb'), {part['content_type']!r})"
        else:
            value = f"(None, {part['value']!r})"
        rows.append(f"    ({part['name']!r}, {value}),")
    return "\n".join(
        [
            "import httpx",
            "",
            "form = [",
            *rows,
            "]",
            f"headers = { ({'Authorization': f'Bearer {call.key}'} | dict(call.headers))!r}",
            f"answer = httpx.request({call.method!r}, {call.address!r},"
            " headers=headers, files=form)",
            "print(answer.text)",
        ]
    )


def as_javascript(call: Call) -> str:
    """Return a module with supabase-js; files are taken from an <input type=file>."""
    parts = [f"  method: {json.dumps(call.method)},"]
    if call.headers:
        parts.append(f"  headers: {json.dumps(dict(call.headers), ensure_ascii=False)},")
    if call.body:
        body = call.body if call.has_json else json.dumps(call.body, ensure_ascii=False)
        parts.append(f"  body: {body},")
    if call.parts:
        parts.append("  body: form,")
    return "\n".join(
        [
            'import { createClient } from "@supabase/supabase-js";',
            "",
            f"const supabase = createClient({json.dumps(_origin(call.url))},"
            f" {json.dumps(call.key)});",
            *_form_as_javascript(call),
            f"const {{ data, error }} = await supabase.functions.invoke("
            f"{json.dumps(_target(call))}, {{",
            *parts,
            "});",
            "console.log(data, error);",
        ]
    )


def _form_as_javascript(call: Call) -> list[str]:
    if not call.parts:
        return []
    lines = ["const form = new FormData();"]
    for part in call.parts:
        name = json.dumps(part["name"], ensure_ascii=False)
        if file := part.get("filename"):
            field = f'document.querySelector("input[type=file]").files[0], {json.dumps(file)}'
        else:
            field = json.dumps(part["value"], ensure_ascii=False)
        lines.append(f"form.append({name}, {field});")
    return lines


def _target(call: Call) -> str:
    return call.address.split("/functions/v1/", 1)[1]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _has(headers: Mapping[str, str], name: str) -> bool:
    return any(header.lower() == name for header in headers)
