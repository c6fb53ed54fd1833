"""The mailbox over HTTP: a page for people, and the API of Mailpit (and Inbucket) for tests.

The Supabase CLI runs Mailpit, and ran Inbucket before; e2e helpers read mails from one of them.
"""

import html
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from edge.bodies import BodyTooLongError, read_at_most
from edge.emulator.auth.mail.mailbox import Mailbox, Message
from edge.emulator.dense_json import loads

_MAX_LIMIT: Final = 500
_MAX_BODY: Final = 256 * 1024
_SNIPPET: Final = 120
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; frame-src 'self';"
        " frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_STYLE: Final = """
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
table{width:100%;border-collapse:collapse}
td,th{text-align:left;padding:.5rem;border-bottom:1px solid #8884}
iframe{width:100%;height:24rem;border:1px solid #8884;background:#fff}
pre{white-space:pre-wrap;border:1px solid #8884;padding:1rem}
.time{white-space:nowrap;opacity:.7}"""


def create_mailbox_app(mailbox: Mailbox) -> Starlette:
    """Return the app; its paths are relative to where it is mounted."""
    view = _Views(mailbox)
    return Starlette(
        routes=[
            Route("/", view.show_list),
            Route("/view/{id}.html", view.show_html),
            Route("/view/{id}.txt", view.show_text),
            Route("/messages/{id}", view.show_message),
            Route("/api/v1/info", view.show_info),
            Route("/api/v1/messages", view.list_messages),
            Route("/api/v1/messages", view.delete_messages, methods=["DELETE"]),
            Route("/api/v1/search", view.search),
            Route("/api/v1/search", view.delete_found, methods=["DELETE"]),
            Route("/api/v1/message/{id}", view.show_json),
            Route("/api/v1/mailbox/{name}", view.list_inbucket),
            Route("/api/v1/mailbox/{name}", view.delete_inbucket, methods=["DELETE"]),
            Route("/api/v1/mailbox/{name}/{id}", view.show_inbucket),
        ]
    )


class _Views:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def show_list(self, request: Request) -> Response:
        del request
        rows = "".join(
            f'<tr><td class="time">{_clock(m)}</td><td>{html.escape(m.to)}</td>'
            f'<td><a href="/mail/messages/{m.id}">{html.escape(_title(m))}</a></td></tr>'
            for m in self._mailbox
        )
        empty = "<p>No mails yet: what Auth sends to users lands here.</p>"
        table = f"<table><tr><th>Time<th>To<th>Subject{rows}</table>" if rows else empty
        return _page("Mail", f"<h1>Mail</h1>{table}")

    async def show_message(self, request: Request) -> Response:
        message = self._mailbox.find(request.path_params["id"])
        if message is None:
            return _missing()
        message.is_read = True
        body = f"<pre>{html.escape(message.text)}</pre>"
        if message.html:
            source = f"/mail/view/{message.id}.html"
            sandbox = "allow-popups allow-top-navigation-by-user-activation"
            body = f'<iframe sandbox="{sandbox}" src="{source}" title="Mail"></iframe>{body}'
        head = (
            f'<p><a href="/mail">All mails</a></p><h1>{html.escape(_title(message))}</h1>'
            f"<p>To {html.escape(message.to)}, {_clock(message)}</p>"
        )
        return _page(_title(message), head + body)

    async def show_html(self, request: Request) -> Response:
        message = self._mailbox.find(request.path_params["id"])
        if message is None:
            return _missing()
        base = '<base target="_top">'
        return HTMLResponse(base + message.html, headers=_HEADERS)

    async def show_text(self, request: Request) -> Response:
        message = self._mailbox.find(request.path_params["id"])
        return PlainTextResponse(message.text, headers=_HEADERS) if message else _missing()

    async def show_info(self, request: Request) -> Response:
        del request
        unread = sum(not message.is_read for message in self._mailbox)
        return JSONResponse({"Version": "local", "Messages": len(self._mailbox), "Unread": unread})

    async def list_messages(self, request: Request) -> Response:
        return self._render_list(request, list(self._mailbox))

    async def search(self, request: Request) -> Response:
        return self._render_list(request, self._find(request))

    async def delete_messages(self, request: Request) -> Response:
        """Delete the messages that the body names ({"IDs": […]}), or all."""
        ids: Any = None
        try:
            if raw := await read_at_most(request, _MAX_BODY):
                ids = loads(raw).get("IDs")
        except BodyTooLongError:
            return PlainTextResponse("the body is too large", 413)
        except (ValueError, AttributeError):
            return PlainTextResponse("the body must be JSON", 400)
        self._mailbox.remove(frozenset(map(str, ids)) if ids else None)
        return PlainTextResponse("ok")

    async def delete_found(self, request: Request) -> Response:
        self._mailbox.remove(frozenset(message.id for message in self._find(request)))
        return PlainTextResponse("ok")

    async def show_json(self, request: Request) -> Response:
        message = self._mailbox.find(request.path_params["id"])
        if message is None:
            return _missing()
        message.is_read = True
        answer: dict[str, Any] = _summary(message) | {
            "Date": message.sent_at.isoformat(),
            "HTML": message.html,
            "Text": message.text,
            "Inline": [],
            "Attachments": [],
            "ReturnPath": message.sender,
        }
        return JSONResponse(answer, headers=_HEADERS)

    async def list_inbucket(self, request: Request) -> Response:
        found = self._mailbox.search(request.path_params["name"])
        return JSONResponse([_inbucket(message) for message in reversed(found)])

    async def show_inbucket(self, request: Request) -> Response:
        message = self._mailbox.find(request.path_params["id"])
        if message is None:
            return _missing()
        body = {"text": message.text, "html": message.html}
        return JSONResponse(_inbucket(message) | {"body": body, "header": {}, "attachments": []})

    async def delete_inbucket(self, request: Request) -> Response:
        found = self._mailbox.search(request.path_params["name"])
        self._mailbox.remove(frozenset(message.id for message in found))
        return JSONResponse("OK")

    def _find(self, request: Request) -> list[Message]:
        """Return what Mailpit's query finds: to:, addressed:, subject:, or any text."""
        found = list(self._mailbox)
        for term in request.query_params.get("query", "").split():
            name, colon, value = term.partition(":")
            wanted = value.strip('"').lower() if colon else term.strip('"').lower()
            found = [message for message in found if wanted in _searched(message, name, colon)]
        return found

    def _render_list(self, request: Request, found: list[Message]) -> Response:
        start = _number(request.query_params.get("start"), 0)
        limit = min(_number(request.query_params.get("limit"), 50), _MAX_LIMIT)
        shown = found[start : start + limit]
        answer = {
            "total": len(self._mailbox),
            "unread": sum(not message.is_read for message in self._mailbox),
            "count": len(shown),
            "messages_count": len(found),
            "start": start,
            "tags": [],
            "messages": [_summary(message) for message in shown],
        }
        return JSONResponse(answer, headers=_HEADERS)


def _summary(message: Message) -> dict[str, Any]:
    return {
        "ID": message.id,
        "MessageID": f"{message.id}@edge.local",
        "Read": message.is_read,
        "From": {"Name": message.sender_name, "Address": message.sender},
        "To": [{"Name": "", "Address": message.to}],
        "Cc": [],
        "Bcc": [],
        "ReplyTo": [],
        "Subject": message.subject,
        "Created": message.sent_at.isoformat().replace("+00:00", "Z"),
        "Tags": [],
        "Size": len(message.html) + len(message.text),
        "Attachments": 0,
        "Snippet": " ".join(message.text.split())[:_SNIPPET],
    }


def _inbucket(message: Message) -> dict[str, Any]:
    return {
        "mailbox": message.to.partition("@")[0],
        "id": message.id,
        "from": f"{message.sender_name} <{message.sender}>",
        "to": [message.to],
        "subject": message.subject,
        "date": message.sent_at.isoformat(),
        "size": len(message.html) + len(message.text),
        "seen": message.is_read,
    }


def _searched(message: Message, name: str, colon: str) -> str:
    """Return the text in which a search term is looked for."""
    if colon and name in ("to", "addressed"):
        return message.to.lower()
    if colon and name == "subject":
        return message.subject.lower()
    return f"{message.to}\n{message.subject}\n{message.text}".lower()


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else default


def _title(message: Message) -> str:
    return message.subject or message.text[:_SNIPPET]


def _clock(message: Message) -> str:
    return message.sent_at.strftime("%Y-%m-%d %H:%M:%S UTC")


def _page(title: str, body: str) -> Response:
    head = f"<title>{html.escape(title)}</title><style>{_STYLE}</style>"
    page = f'<!doctype html><html lang="en"><meta charset="utf-8">{head}<body>{body}</body></html>'
    return HTMLResponse(page, headers=_HEADERS)


def _missing() -> Response:
    return PlainTextResponse("There is no such message.", 404)
