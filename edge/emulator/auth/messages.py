"""Send a user a one-time code or link, and store its hash.

Follows supabase/auth (internal/api/mail.go, phone.go).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request

from edge.emulator.auth.context import AuthContext, client_address, now
from edge.emulator.auth.errors import (
    EMAIL_TOO_OFTEN,
    SMS_PROVIDER,
    SMS_TOO_OFTEN,
    ErrorTemplate,
)
from edge.emulator.auth.one_time_tokens import PKCE_PREFIX, generate_code, hash_code, store_token
from edge.emulator.auth.redirects import choose_redirect
from edge.emulator.auth.user import User, render_user
from edge.emulator.auth.users import update_user
from edge.emulator.postgres.pool import Connection

TEST_MESSAGE_ID: Final = "test-otp"


@dataclass(frozen=True, slots=True)
class MailKind:
    """A mail with a code: its template, its type in links, and where its hash is stored.

    `token` is the kind of the one-time token and the column of the hash; `sent` the column of the
    time.
    """

    template: str
    type: str
    path: str
    token: str
    sent: str
    is_limited: bool = True


CONFIRMATION: Final = MailKind(
    "confirmation", "signup", "confirmation", "confirmation_token", "confirmation_sent_at"
)
INVITE: Final = MailKind(
    "invite",
    "invite",
    "invite",
    "confirmation_token",
    "confirmation_sent_at",
    is_limited=False,
)
RECOVERY: Final = MailKind("recovery", "recovery", "recovery", "recovery_token", "recovery_sent_at")
MAGIC_LINK: Final = MailKind(
    "magic_link", "magiclink", "recovery", "recovery_token", "recovery_sent_at"
)
REAUTHENTICATION: Final = MailKind(
    "reauthentication",
    "reauthentication",
    "",
    "reauthentication_token",
    "reauthentication_sent_at",
)


@dataclass(frozen=True, slots=True)
class Messenger:
    """Sends messages on behalf of one request, in its transaction."""

    context: AuthContext
    request: Request
    connection: Connection

    async def send(self, kind: MailKind, user: User, *, is_pkce: bool = False) -> User:
        """Mail a code and a link to the user's address; raises over_email_send_rate_limit."""
        if kind.is_limited:
            self._check_frequency(getattr(user, kind.sent))
        code = generate_code(self.context.config.mail.otp_length)
        token_hash = _prefixed(hash_code(user.email, code), is_pkce=is_pkce)
        await self._deliver(kind, user, user.email, code, token_hash)
        columns: dict[str, Any] = {kind.token: token_hash, kind.sent: now()}
        if kind is INVITE:
            columns["invited_at"] = columns[kind.sent]
        await store_token(self.connection, user.id, kind.token, token_hash, user.email)
        return await update_user(self.connection, user.id, **columns)

    async def send_email_change(self, user: User, email: str, *, is_pkce: bool) -> User:
        """Mail codes to the new address, and to the present one if both must confirm."""
        config = self.context.config.mail
        self._check_frequency(user.email_change_sent_at)
        code = generate_code(config.otp_length)
        columns: dict[str, Any] = {
            "email_change": email,
            "email_change_token_new": _prefixed(hash_code(email, code), is_pkce=is_pkce),
            "email_change_confirm_status": 0,
            "email_change_sent_at": now(),
        }
        current = ""
        if config.secure_email_change and user.email:
            current = generate_code(config.otp_length)
            hashed = _prefixed(hash_code(user.email, current), is_pkce=is_pkce)
            columns["email_change_token_current"] = hashed
        changing = replace(user, email_change=email)
        await self._deliver_change(changing, columns, code, current)
        for kind, address in (
            ("email_change_token_current", user.email),
            ("email_change_token_new", email),
        ):
            if token_hash := columns.get(kind):
                await store_token(self.connection, user.id, kind, token_hash, address)
        return await update_user(self.connection, user.id, **columns)

    async def send_text(self, user: User, phone: str, purpose: str) -> tuple[User, str]:
        """Send a code by text message; returns the user and the message's id.

        `purpose` is confirmation, phone_change or reauthentication.
        """
        config = self.context.config.sms
        token, sent = f"{purpose}_token", f"{purpose}_sent_at"
        self._check_frequency(getattr(user, sent), config.max_frequency, SMS_TOO_OFTEN)
        code = config.test_otp.get(phone, "")
        message_id = TEST_MESSAGE_ID
        if not code:
            self.context.limiter.check_text()
            code = generate_code(config.otp_length)
            message_id = await self.deliver_text(user, phone, code, config.template)
        columns: dict[str, Any] = {token: hash_code(phone, code), sent: now()}
        if purpose == "phone_change":
            columns["phone_change"] = phone
        await store_token(self.connection, user.id, token, columns[token], phone)
        return await update_user(self.connection, user.id, **columns), message_id

    async def deliver_text(
        self, user: User, phone: str, code: str, template: str, **details: str
    ) -> str:
        """Hand the code to the send_sms hook, or put the message into the mailbox."""
        if not self.context.hooks.has("send_sms"):
            if self.context.config.sms.lacks_credentials:
                raise SMS_PROVIDER.error()
            return self.context.delivery.send_text(phone, template, code)
        sms = {"otp": code, **details, "phone": phone}
        await self._invoke("send_sms", {"user": render_user(user), "sms": sms})
        return ""

    async def notify(self, kind: str, user: User, to: str, **values: str) -> None:
        """Mail a notice, such as password_changed_notification, if it is configured."""
        if kind not in self.context.config.mail.notifications or not to:
            return
        self.context.limiter.check_mail()
        if self.context.hooks.has("send_email"):
            await self._invoke_mail(user, {"email_action_type": kind, "token": ""})
            return
        data = {"Email": user.email, "Data": dict(user.raw_user_meta_data), **values}
        await self.context.delivery.send_mail(kind, to, data)

    def _check_frequency(
        self,
        sent_at: datetime | None,
        seconds: float | None = None,
        error: ErrorTemplate = EMAIL_TOO_OFTEN,
    ) -> None:
        allowed = self.context.config.mail.max_frequency if seconds is None else seconds
        if sent_at is None:
            return
        left = allowed - (now() - sent_at).total_seconds()
        if left > 0:
            raise error.error(seconds=int(left))

    async def _deliver(
        self, kind: MailKind, user: User, to: str, code: str, token_hash: str
    ) -> None:
        self.context.limiter.check_mail()
        redirect = choose_redirect(self.context.config, self.request)
        if self.context.hooks.has("send_email"):
            data = {"token": code, "token_hash": token_hash, "email_action_type": kind.type}
            await self._invoke_mail(user, data | {"redirect_to": redirect})
            return
        values = self._values(user, code, token_hash, redirect)
        if kind.path:
            delivery = self.context.delivery
            values["ConfirmationURL"] = delivery.confirmation_url(
                kind.path, kind.type, token_hash, redirect
            )
        await self.context.delivery.send_mail(kind.template, to, values)

    async def _deliver_change(
        self, user: User, columns: Mapping[str, Any], code: str, current: str
    ) -> None:
        self.context.limiter.check_mail()
        redirect = choose_redirect(self.context.config, self.request)
        new_hash = columns["email_change_token_new"]
        current_hash = columns.get("email_change_token_current", "")
        if self.context.hooks.has("send_email"):
            data = {
                "token": current or code,
                "token_hash": new_hash,
                "redirect_to": redirect,
                "email_action_type": "email_change",
            }
            if current:
                data |= {"token_new": code, "token_hash_new": current_hash}
            await self._invoke_mail(user, data)
            return
        delivery = self.context.delivery
        for to, otp, token_hash in (
            (user.email_change, code, new_hash),
            (user.email if current else "", current, current_hash),
        ):
            if to:
                url = delivery.confirmation_url(
                    "email_change", "email_change", token_hash, redirect
                )
                values = self._values(user, otp, token_hash, redirect) | {
                    "ConfirmationURL": url,
                    "NewEmail": user.email_change,
                    "SendingTo": to,
                }
                await delivery.send_mail("email_change", to, values)

    def _values(self, user: User, code: str, token_hash: str, redirect: str) -> dict[str, Any]:
        return {
            "Email": user.email,
            "Token": code,
            "TokenHash": token_hash,
            "Data": dict(user.raw_user_meta_data),
            "RedirectTo": redirect,
        }

    async def _invoke_mail(self, user: User, data: Mapping[str, Any]) -> None:
        defaults = {"redirect_to": "", "token_hash": "", "token_new": "", "token_hash_new": ""}
        email_data = {**defaults, "site_url": self.context.config.public_url, **data}
        await self._invoke("send_email", {"user": render_user(user), "email_data": email_data})

    async def _invoke(self, name: str, payload: Mapping[str, Any]) -> None:
        address = client_address(self.request)
        await self.context.hooks.invoke(name, self.connection, payload, address)


def _prefixed(token_hash: str, *, is_pkce: bool) -> str:
    return f"{PKCE_PREFIX}{token_hash}" if is_pkce else token_hash
