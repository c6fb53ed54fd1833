"""Parses a list of contacts in JSON or JSON Lines while its file is read, one item at a time.

Not ijson: its C backends replace lone surrogates by "?" and reject integers of more than 64 bits;
its Python backend keeps all blocks whose ends cut strings.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final, NoReturn, cast

from shared.errors import BadInputError

from .headers import find_phone_name, split_words

LONGEST_VALUE: Final = 1 << 20
_LIST_NAME: Final = "contacts"
_LIST_NAMES: Final = frozenset(
    split_words(
        "contacts, data, records, results, items, rows, people, persons, leads, list, value,"
        " customers, connections, entries, response"
    )
)
_DEEPEST: Final = 3
_BLOCK: Final = 65_536
_WHITESPACE: Final = re.compile(r"[ \t\n\r]*")
_AFTER_VALUE: Final = frozenset(" \t\n\r,:]}")
_LONGEST_TOKEN: Final = 16  # errors in a truncated token are reported at its beginning
_scan: Final = json.JSONDecoder().raw_decode


def read_items(file: IO[str], block: int = _BLOCK) -> Iterator[Any]:
    """Yield the items of `[…]`, of the list in `{"contacts": […]}`, or of one object a line.

    Raises BadInputError INVALID_JSON or INVALID_BODY, possibly after valid items. `block` is the
    number of characters per read.
    """
    text = _Text(file, block)
    is_list = False
    if (opening := text.peek()) == "[":
        is_list = True
        yield from _read_list(text)
    elif opening == "{" and text.begins_json_lines():
        is_list = True
        while text.peek():
            yield text.read_value()
    elif opening == "{":
        found = _Lists()
        yield from _read_object(text, found, 0)
        is_list = found.count == 1 and not found.others
    else:
        text.read_value()
    if text.peek():
        text.fail("Extra data")
    if not is_list:
        raise BadInputError(
            f'The body must be a JSON array of contacts, or {{"{_LIST_NAME}": […]}}.',
            code="INVALID_BODY",
        )


def _read_list(text: "_Text") -> Iterator[Any]:
    for _ in _members(text, "[", "]"):
        yield text.read_value()


@dataclass(slots=True)
class _Lists:
    """How many lists an object has under a name of a list, and other values under `contacts`."""

    count: int = 0
    others: int = 0


def _read_object(text: "_Text", found: _Lists, depth: int) -> Iterator[Any]:
    """Yield the items of the one list; an object under such a name may hold it as well."""
    for _ in _members(text, "{", "}"):
        name = _read_name(text)
        opening = text.peek() if name in _LIST_NAMES else ""
        if opening == "[":
            found.count += 1
            yield from _read_list(text)
        elif opening == "{" and name != _LIST_NAME and depth < _DEEPEST:
            yield from _read_object(text, found, depth + 1)
        else:
            text.read_value()
            found.others += name == _LIST_NAME


def _members(text: "_Text", opening: str, closing: str) -> Iterator[None]:
    """Yield before each member; the caller reads it before it continues."""
    text.expect(opening)
    if text.peek() != closing:
        yield
        while text.peek() != closing:
            text.expect(",")
            yield
    text.expect(closing)


def _read_name(text: "_Text") -> str:
    if text.peek() != '"':
        text.fail("Expecting property name enclosed in double quotes")
    name = text.read_value()
    text.expect(":")
    return name


class _Text:
    """A window on the text, starting at the next unread character."""

    def __init__(self, file: IO[str], block: int) -> None:
        self._file = file
        self._block = block
        self._window = ""
        self._at = 0
        self._lines_before = 0
        self._columns_before = 0
        self._characters_before = 0

    def peek(self) -> str:
        """Skip whitespace and return the next character, empty at the end."""
        while True:
            self._at = _skip_whitespace(self._window, self._at)
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._read_block():
                return ""

    def begins_json_lines(self) -> bool:
        """Return whether another object follows the first one, or it is a contact by itself."""
        try:
            value, end = _scan(self._window, self._at)
        except (ValueError, RecursionError):
            return False
        after = _skip_whitespace(self._window, end)
        if after < len(self._window):
            return self._window[after] == "{" and "\n" in self._window[end:after]
        return isinstance(value, dict) and _is_contact(cast("dict[str, Any]", value))

    def expect(self, character: str) -> None:
        if self.peek() != character:
            self.fail(f"Expecting {character!r} delimiter")
        self._at += 1

    def read_value(self) -> Any:
        """Parse the next value; read further blocks while the window truncates it."""
        self.peek()
        while True:
            try:
                value, end = _scan(self._window, self._at)
            except json.JSONDecodeError as exc:
                if not (self._may_be_truncated(exc) and self._read_block()):
                    self.fail(exc.msg, exc.pos)
            except RecursionError:
                self.fail("Nested too deeply")
            except ValueError as exc:  # an integer of thousands of digits
                self.fail(str(exc))
            else:
                # A number that is cut is a number too.
                if self._window[end : end + 1] in _AFTER_VALUE or not self._read_block():
                    self._at = end
                    return value

    def fail(self, problem: str, at: int | None = None) -> NoReturn:
        """Raise BadInputError with the position, worded like errors of the json module."""
        at = self._at if at is None else at
        lines = self._window.count("\n", 0, at)
        column = at - self._window.rfind("\n", 0, at) + (0 if lines else self._columns_before)
        raise BadInputError(
            f"The body is not valid JSON: {problem}: line {self._lines_before + lines + 1}"
            f" column {column} (char {self._characters_before + at}).",
            code="INVALID_JSON",
        )

    def _may_be_truncated(self, error: json.JSONDecodeError) -> bool:
        is_at_end = error.pos >= len(self._window) - _LONGEST_TOKEN
        return is_at_end or error.msg.startswith("Unterminated string")

    def _read_block(self) -> bool:
        """Drop the parsed text and read at least as much as is left; False at the end."""
        left = len(self._window) - self._at
        if left > LONGEST_VALUE:
            self.fail(f"A value of more than {LONGEST_VALUE:,} characters")
        block = self._file.read(max(self._block, left))
        if not block:
            return False
        lines = self._window.count("\n", 0, self._at)
        since = self._at - self._window.rfind("\n", 0, self._at) - 1
        self._lines_before += lines
        self._columns_before = since + (0 if lines else self._columns_before)
        self._characters_before += self._at
        self._window = self._window[self._at :] + block
        self._at = 0
        return True


def _is_contact(value: dict[str, Any]) -> bool:
    has_list = any(name in _LIST_NAMES and isinstance(value[name], list | dict) for name in value)
    names = (find_phone_name(name) for name in value)
    return not has_list and any(name and not name.is_weak for name in names)


def _skip_whitespace(text: str, at: int) -> int:
    found = _WHITESPACE.match(text, at)
    return found.end() if found else at
