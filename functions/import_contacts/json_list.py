"""A JSON list read item by item: in memory are the next piece of its text, and one item."""

import json
import re
from collections.abc import Generator, Iterator
from typing import IO, Any, Final, NoReturn

from shared.errors import BadInputError

LONGEST_VALUE: Final = 1 << 20
_LIST_NAME: Final = "contacts"
_PIECE: Final = 65_536
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_AFTER_VALUE: Final = frozenset(" \t\n\r,:]}")
_LONGEST_TOKEN: Final = 16  # what is cut within it is complained of at its beginning
_scan: Final = json.JSONDecoder().raw_decode


def read_items(file: IO[str], piece: int = _PIECE) -> Iterator[Any]:
    """The items of `[…]`, or of the list in `{"contacts": […]}`, in a text that is JSON to its end.

    400 INVALID_JSON or INVALID_BODY may come after good items. `piece`: characters read at once.
    """
    text = _Text(file, piece)
    is_list = False
    if (opening := text.peek()) == "[":
        is_list = True
        yield from _read_list(text)
    elif opening == "{":
        is_list = yield from _read_object(text)
    else:
        text.read_value()
    if text.peek():
        text.refuse("Extra data")
    if not is_list:
        raise BadInputError(
            f'The body must be a JSON array of contacts, or {{"{_LIST_NAME}": […]}}.',
            code="INVALID_BODY",
        )


def _read_list(text: "_Text") -> Iterator[Any]:
    for _ in _members(text, "[", "]"):
        yield text.read_value()


def _read_object(text: "_Text") -> Generator[Any, None, bool]:
    """Returns whether it has the list, once; the other members are read and left."""
    lists = others = 0
    for _ in _members(text, "{", "}"):
        is_list = _read_name(text) == _LIST_NAME
        if is_list and not lists and text.peek() == "[":
            lists += 1
            yield from _read_list(text)
        else:
            text.read_value()
            others += is_list
    return bool(lists) and not others


def _members(text: "_Text", opening: str, closing: str) -> Iterator[None]:
    """Stops before each, for it to be read before the next is asked for."""
    text.expect(opening)
    if text.peek() != closing:
        yield
        while text.peek() != closing:
            text.expect(",")
            yield
    text.expect(closing)


def _read_name(text: "_Text") -> str:
    if text.peek() != '"':
        text.refuse("Expecting property name enclosed in double quotes")
    name = text.read_value()
    text.expect(":")
    return name


class _Text:
    """A window on a text, from the next character that counts."""

    def __init__(self, file: IO[str], piece: int) -> None:
        self._file = file
        self._piece = piece
        self._window = ""
        self._at = 0
        self._lines_before = 0
        self._columns_before = 0
        self._characters_before = 0

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            self._at = _end_of_space(self._window, self._at)
            if self._at < len(self._window):
                return self._window[self._at]
            if not self._read_on():
                return ""

    def expect(self, character: str) -> None:
        if self.peek() != character:
            self.refuse(f"Expecting {character!r} delimiter")
        self._at += 1

    def read_value(self) -> Any:
        """The value that begins here: read on and tried again as long as the window cuts it."""
        self.peek()
        while True:
            try:
                value, end = _scan(self._window, self._at)
            except json.JSONDecodeError as exc:
                if not (self._may_be_cut(exc) and self._read_on()):
                    self.refuse(exc.msg, exc.pos)
            except RecursionError:
                self.refuse("Nested too deeply")
            except ValueError as exc:  # an integer of thousands of digits
                self.refuse(str(exc))
            else:
                # A number that is cut is a number too.
                if self._window[end : end + 1] in _AFTER_VALUE or not self._read_on():
                    self._at = end
                    return value

    def refuse(self, problem: str, at: int | None = None) -> NoReturn:
        """Says where, as the json module does."""
        at = self._at if at is None else at
        lines = self._window.count("\n", 0, at)
        column = at - self._window.rfind("\n", 0, at) + (0 if lines else self._columns_before)
        raise BadInputError(
            f"The list is no JSON: {problem}: line {self._lines_before + lines + 1}"
            f" column {column} (char {self._characters_before + at}).",
            code="INVALID_JSON",
        )

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        is_at_end = error.pos >= len(self._window) - _LONGEST_TOKEN
        return is_at_end or error.msg.startswith("Unterminated string")

    def _read_on(self) -> bool:
        """Drop what was read, add at least as much as is left; False if there is no more."""
        left = len(self._window) - self._at
        if left > LONGEST_VALUE:
            self.refuse(f"A value of more than {LONGEST_VALUE:,} characters")
        piece = self._file.read(max(self._piece, left))
        if not piece:
            return False
        lines = self._window.count("\n", 0, self._at)
        since = self._at - self._window.rfind("\n", 0, self._at) - 1
        self._lines_before += lines
        self._columns_before = since + (0 if lines else self._columns_before)
        self._characters_before += self._at
        self._window = self._window[self._at :] + piece
        self._at = 0
        return True


def _end_of_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
