"""Finding a traceback among the lines that a function writes."""

from dataclasses import dataclass, field
from typing import Final

_BEGIN: Final = "Traceback (most recent call last):"
_CHAINED: Final = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_MOST_LINES: Final = 500


@dataclass(slots=True)
class TracebackReader:
    """Fed line by line; gives a traceback when its last line has been read.

    Of a chain of exceptions each is given by itself.
    """

    _lines: list[str] = field(default_factory=list[str], init=False)

    def feed(self, line: str) -> str | None:
        """Return the whole traceback if `line` is its last."""
        if line.lstrip(" |+-") == _BEGIN:
            self._lines = [line]
            return None
        if not self._lines:
            return None
        self._lines.append(line)
        if line.startswith((" ", "\t")) and len(self._lines) < _MOST_LINES:
            return None
        lines, self._lines = self._lines, []
        return None if not line or line in _CHAINED else "\n".join(lines)
