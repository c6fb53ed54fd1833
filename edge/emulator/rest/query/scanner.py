"""A cursor over one query parameter's text, and the failure that names the place."""

import re
from typing import Final

from edge.emulator.rest.errors import RestError, rest_error

_BLANK: Final = re.compile(r"[ \t]*")


class Scanner:
    """Reads `text` from left to right; `subject` says in an error what was being read."""

    __slots__ = ("position", "subject", "text")

    def __init__(self, text: str, subject: str) -> None:
        self.text = text
        self.subject = subject
        self.position = 0

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.text)

    def peek(self, literal: str) -> bool:
        return self.text.startswith(literal, self.position)

    def take(self, literal: str) -> bool:
        """Step over `literal` if it comes next."""
        if not self.peek(literal):
            return False
        self.position += len(literal)
        return True

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Step over what `pattern` matches here, if it matches."""
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

    def failure(self, expecting: str) -> RestError:
        """PGRST100 at the present position."""
        found = "end of input" if self.at_end else f'"{self.text[self.position]}"'
        return rest_error(
            "PGRST100",
            subject=f"{self.subject} ({self.text})",
            column=self.position + 1,
            details=f"unexpected {found} expecting {expecting}",
        )
