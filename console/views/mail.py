"""Mail: what Auth has sent, each with its link and its code."""

import html
import re
from collections.abc import Mapping
from typing import Any, Final

from nicegui import ui

from console import api, page
from console.layout import heading
from console.ui.dialogs import confirm
from console.ui.filters import Filters
from console.ui.messages import copy_button, empty
from console.ui.parts import facts, pages, panel
from console.ui.table import Column, Table
from console.ui.text import text_block
from console.ui.times import time_tag

_API: Final = "/services/mail/api/v1"
_PAGE: Final = 50
_LINK: Final = re.compile(r"https?://[^\s\"'<>)\]]+")
_CODE: Final = re.compile(r"(?<![\w/=.&?-])(\d{6,10})(?![\w/=-])")
_COLUMNS: Final = (
    Column("subject", "Subject", href="/console/mail/{id}"),
    Column("to", "To"),
    Column("at", "Sent", "time"),
    Column("snippet", "Text", optional=True),
)


@page("/mail", title="Mail", icon="mail", group="Data", order=40)
async def mails(q: str = "", start: str = "") -> None:
    """List the mails, newest first."""
    with heading("Mail", "What Auth sends stays on this machine"):
        remove = ui.button("Delete all", on_click=_delete_all).props("flat no-caps color=negative")
    filters = Filters("/mail", {"q": q})
    filters.search("q", "Address, subject or text")
    place = ui.element("div").classes("stack")
    first = int(start) if start.isascii() and start.isdigit() and len(start) < 5 else 0

    async def show() -> None:
        query = filters.values.get("q", "")
        path = f"{_API}/search" if query else f"{_API}/messages"
        answer = await api().get(path, query=query, start=first, limit=_PAGE)
        remove.set_visibility(answer["total"] > 0)
        place.clear()
        with place:
            if not answer["messages"]:
                empty("No mails", "Sign up, invite or recover a user; the mail appears here.")
                return
            Table(_COLUMNS, [_listed(each) for each in answer["messages"]], label="Mails")
            more = first + _PAGE < answer["messages_count"]
            older = filters.url(start=str(first + _PAGE)) if more else None
            pages(older, filters.url() if first else None)

    filters.on_change = show
    await show()


def _listed(mail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": mail["ID"],
        "subject": mail["Subject"] or "(text message)",
        "to": mail["To"][0]["Address"],
        "at": mail["Created"],
        "snippet": mail["Snippet"],
    }


async def _delete_all() -> None:
    if await confirm("Delete all mails?", action="Delete", danger=True):
        await api().delete(f"{_API}/messages")
        ui.navigate.reload()


@page("/mail/{mail_id}", title="Mail", icon="mail")
async def mail(mail_id: str) -> None:
    """Show one mail, its link and its code first."""
    found = await api().get(f"{_API}/message/{mail_id}")
    text = found["Text"] or ""
    heading(found["Subject"] or "Text message")
    links, codes = find_links(text + "\n" + found["HTML"]), find_codes(text)
    with panel():
        shown: dict[str, Any] = {
            "To": found["To"][0]["Address"],
            "From": found["From"]["Address"],
            "Sent": lambda: time_tag(found["Created"]),
        }
        for url in links[:3]:
            shown[f"Link {len(shown) - 2}" if len(links) > 1 else "Link"] = lambda url=url: _link(
                url
            )
        for code in codes[:1]:
            shown["Code"] = lambda code=code: _code(code)
        facts(shown)
    if found["HTML"]:
        with panel("Message"):
            frame = ui.element("iframe").classes("mail-frame")
            frame.props('sandbox="allow-popups" title="Mail"')
            frame.props["srcdoc"] = f'<base target="_blank">{found["HTML"]}'
    with panel("Text"):
        text_block(text, "text")


def find_links(text: str) -> list[str]:
    """Return the links of a mail, each once."""
    return list(dict.fromkeys(html.unescape(each).rstrip(".,") for each in _LINK.findall(text)))


def find_codes(text: str) -> list[str]:
    """Return what looks like a one-time code, outside of links."""
    return list(dict.fromkeys(_CODE.findall(_LINK.sub(" ", text))))


def _link(url: str) -> None:
    with ui.element("span").classes("row-wrap"):
        with ui.element("a").props('target="_blank" rel="noopener"').classes("break") as anchor:
            ui.label(url)
        anchor.props["href"] = url
        copy_button(url, "Copy the link")


def _code(code: str) -> None:
    with ui.element("span").classes("row-wrap"):
        ui.label(code).classes("mono code-large")
        copy_button(code, "Copy the code")
