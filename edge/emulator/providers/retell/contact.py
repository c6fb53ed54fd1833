"""Contacts of a workspace with their do_not_call flag."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge.emulator.providers.response import hex_id
from edge.emulator.providers.retell.call_request import is_e164
from edge.emulator.providers.retell.errors import invalid, not_found

_TEXTS = ("first_name", "last_name", "contact_memory")


@dataclass(slots=True)
class Contact:
    """One contact, identified by id and by phone number."""

    contact_id: str
    phone_number: str
    created_ms: int
    modified_ms: int
    do_not_call: bool = False
    texts: dict[str, str] = field(default_factory=dict[str, str])
    custom_fields: Any = None

    def change(self, body: Mapping[str, Any], now_ms: int) -> None:
        """Apply the fields of an update-contact body; raises RetellError 400."""
        do_not_call = body.get("do_not_call", self.do_not_call)
        if not isinstance(do_not_call, bool):
            raise invalid("do_not_call must be boolean")
        for name in _TEXTS:
            if name in body:
                self.texts[name] = _text(body[name], name)
        self.do_not_call = do_not_call
        self.custom_fields = body.get("custom_fields", self.custom_fields)
        self.modified_ms = now_ms

    def render(self) -> dict[str, Any]:
        """Render the contact object of the API."""
        custom = {} if self.custom_fields is None else {"custom_fields": self.custom_fields}
        return {
            "contact_id": self.contact_id,
            "org_id": "org_local",
            "phone_number": self.phone_number,
            "do_not_call": self.do_not_call,
            "created_timestamp": self.created_ms,
            "user_modified_timestamp": self.modified_ms,
            **{name: text for name, text in self.texts.items() if text},
            **custom,
        }


@dataclass(slots=True)
class ContactBook:
    """Contacts of one workspace; phone numbers are unique."""

    _by_id: dict[str, Contact] = field(default_factory=dict[str, Contact])
    _by_number: dict[str, Contact] = field(default_factory=dict[str, Contact])

    def create(self, body: Mapping[str, Any], now_ms: int) -> Contact:
        number = body.get("phone_number")
        if not isinstance(number, str) or not is_e164(number):
            raise invalid("phone_number is not a valid E.164 phone number")
        if number in self._by_number:
            raise invalid(f"A contact with the phone number {number} exists already.")
        contact = Contact(hex_id("contact_", 24), number, now_ms, now_ms)
        contact.change(body, now_ms)
        self._by_id[contact.contact_id] = self._by_number[number] = contact
        return contact

    def find(self, contact_id: str) -> Contact:
        if contact_id not in self._by_id:
            raise not_found()
        return self._by_id[contact_id]

    def find_by_number(self, number: str) -> Contact:
        if number not in self._by_number:
            raise not_found()
        return self._by_number[number]

    def delete(self, contact_id: str) -> None:
        contact = self.find(contact_id)
        del self._by_id[contact_id]
        del self._by_number[contact.phone_number]

    def mark_do_not_call(self, number: str, now_ms: int) -> None:
        """Set do_not_call, creating the contact if needed, as Retell's opt-out detection does."""
        contact = self._by_number.get(number) or self.create({"phone_number": number}, now_ms)
        contact.change({"do_not_call": True}, now_ms)

    def is_do_not_call(self, number: str) -> bool:
        contact = self._by_number.get(number)
        return contact is not None and contact.do_not_call


def _text(value: Any, name: str) -> str:
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} must be string")
    return value or ""
