"""A cursor over one query parameter's text, and the parse error that names its position."""

import re
from typing import Final

from edge.emulator.rest.errors import RestError, rest_error

_BLANK: Final = re.compile(r"[ \t]*")


class Scanner:
    """Reads `text` from left to right; `subject` begins the messages of its errors.

    Their columns count `before` characters that come before the text.
    """

    __slots__ = ("before", "position", "subject", "text")

    def __init__(self, text: str, subject: str, before: int = 0) -> None:
        self.text = text
        self.subject = subject
        self.before = before
        self.position = 0

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.text)

    def peek(self, literal: str) -> bool:
        return self.text.startswith(literal, self.position)

    def take(self, literal: str) -> bool:
        """Consume `literal` if it comes next."""
        if not self.peek(literal):
            return False
        self.position += len(literal)
        return True

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Consume what `pattern` matches at the current position."""
        found = pattern.match(self.text, self.position)
        if found:
            self.position = found.end()
        return found

    def skip_blank(self) -> None:
        self.match(_BLANK)

    def expect(self, literal: str, expecting: str | None = None) -> None:
        if not self.take(literal):
            raise self.failure(expecting or f'"{literal}"')

    def expect_end(self, expecting: str = "end of input") -> None:
        if not self.at_end:
            raise self.failure(expecting)

    def common_prefix(self, literal: str) -> int:
        """Return how many of the next characters are those of `literal`."""
        following = self.text[self.position : self.position + len(literal)]
        pairs = enumerate(zip(following, literal, strict=False))
        return next((place for place, (one, other) in pairs if one != other), len(following))

    def failure(
        self, expecting: str, *, unexpected: int | None = None, quote: str = '"'
    ) -> RestError:
        """Return PGRST100 for the current position; `unexpected` is another character's."""
        place = self.position if unexpected is None else unexpected
        is_end = place >= len(self.text)
        found = "end of input" if is_end else f"{quote}{self.text[place]}{quote}"
        return rest_error(
            "PGRST100",
            subject=f"{self.subject} ({self.text})",
            column=self.before + self.position + 1,
            details=f"unexpected {found} expecting {expecting}",
        )
