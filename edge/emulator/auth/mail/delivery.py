"""Compose mails from templates and deliver them: to the mailbox, and by SMTP if configured.

Follows supabase/auth (internal/mailer).
"""

import asyncio
import html
import logging
import re
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any, Final
from urllib.parse import quote_plus

from edge.emulator.auth.config import AuthConfig, SmtpConfig
from edge.emulator.auth.mail.go_template import TemplateError, render_template
from edge.emulator.auth.mail.mailbox import Mailbox, Message
from edge.emulator.auth.mail.templates import BODIES, SUBJECTS

_LOG: Final = logging.getLogger(__name__)
_TAG: Final = re.compile(r"<[^>]*>")
_LINK: Final = re.compile(r'<a\s[^>]*href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL | re.IGNORECASE)
_BREAK: Final = re.compile(r"</(?:p|h\d|div|li|tr)>|<br\s*/?>", re.IGNORECASE)
_SMTP_TIMEOUT: Final = 10.0
_SMTP_TLS_PORT: Final = 465


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends what the service has to say; everything lands in the mailbox."""

    config: AuthConfig
    mailbox: Mailbox

    def confirmation_url(self, path_kind: str, kind: str, token_hash: str, redirect: str) -> str:
        """Return the link of a mail: the service's /verify, or the configured path."""
        path = self.config.mail.paths.get(path_kind) or "/verify"
        base = path if "://" in path else f"{self._base(path)}{path}"
        if any(char in redirect for char in "&=#"):
            redirect = quote_plus(redirect)
        token = quote_plus(token_hash)
        return f"{base}?token={token}&type={quote_plus(kind)}&redirect_to={redirect}"

    async def send_mail(self, kind: str, to: str, values: Mapping[str, Any]) -> None:
        """Render the templates of this kind and deliver the mail."""
        mail = self.config.mail
        values = {"SiteURL": self.config.site_url, **values}
        subject = self._render(mail.subjects, SUBJECTS, kind, values, escapes=False)
        body = self._render(mail.templates, BODIES, kind, values, escapes=True)
        message = Message(to, subject, body, _as_text(body))
        if mail.smtp:
            message.sender, message.sender_name = mail.smtp.sender, mail.smtp.sender_name
        self.mailbox.add(message)
        if mail.smtp:
            await asyncio.to_thread(_send_by_smtp, mail.smtp, message)

    def send_text(self, to: str, template: str, code: str) -> str:
        """Put a text message into the mailbox; returns its id."""
        try:
            text = render_template(template, {"Code": code}, escapes=False)
        except TemplateError:
            text = f"Your code is {code}"
        message = Message(to, "", "", text, sender="", sender_name="SMS")
        self.mailbox.add(message)
        return message.id

    def _base(self, path: str) -> str:
        """Return what a path is relative to: upstream replaces the URL's own path by it."""
        url = self.config.public_url
        if path == "/verify":
            return url
        scheme, _, rest = url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}"

    def _render(
        self,
        own: Mapping[str, str],
        defaults: Mapping[str, str],
        kind: str,
        values: Mapping[str, Any],
        *,
        escapes: bool,
    ) -> str:
        try:
            return render_template(own.get(kind, defaults[kind]), values, escapes=escapes)
        except TemplateError as exc:
            _LOG.warning("The mail template %s is malformed, the default is used: %s", kind, exc)
            return render_template(defaults[kind], values, escapes=escapes)


def _as_text(body: str) -> str:
    text = _LINK.sub(lambda match: f"{match[2]} ( {match[1]} )", body)
    text = _TAG.sub("", _BREAK.sub("\n", text))
    return html.unescape("\n".join(line.strip() for line in text.splitlines() if line.strip()))


def _send_by_smtp(smtp: SmtpConfig, message: Message) -> None:
    """Send a copy; a mail server that fails is logged, the mail stays in the mailbox."""
    mail = EmailMessage()
    try:
        name, _, domain = smtp.sender.rpartition("@")
        mail["From"] = Address(smtp.sender_name, name, domain)
        mail["To"] = message.to
        mail["Subject"] = message.subject
        mail.set_content(message.text)
        mail.add_alternative(message.html, subtype="html")
        client = smtplib.SMTP_SSL if smtp.port == _SMTP_TLS_PORT else smtplib.SMTP
        with client(smtp.host, smtp.port, timeout=_SMTP_TIMEOUT) as server:
            server.ehlo()
            if smtp.port != _SMTP_TLS_PORT and server.has_extn("starttls"):
                server.starttls()
            if smtp.user and server.has_extn("auth"):
                server.login(smtp.user, smtp.password)
            server.send_message(mail)
    except (OSError, smtplib.SMTPException, ValueError) as exc:
        _LOG.warning("Mail to %s cannot be sent through %s: %s", message.to, smtp.host, exc)
