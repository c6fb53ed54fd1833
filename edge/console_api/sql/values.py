"""Render what Postgres answers as text into JSON that loses no digit and has no bound exceeded."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

_SMALL_INTEGERS: Final = frozenset((21, 23, 26))
_BIG_INTEGER: Final = 20
_FLOATS: Final = frozenset((700, 701))
_BOOLEAN: Final = 16
_SAFE_INTEGER: Final = 2**53


@dataclass(slots=True)
class Grid:
    """Rows of JSON values, as many as fit; longer values are cut and listed in `cut`."""

    types: list[int]
    max_rows: int
    max_bytes: int
    max_value: int
    rows: list[list[Any]] = field(default_factory=list[list[Any]])
    cut: list[dict[str, int]] = field(default_factory=list[dict[str, int]])
    size: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= self.max_rows or self.size >= self.max_bytes

    def add(self, values: list[bytes | None]) -> None:
        """Append a row."""
        number = len(self.rows)
        self.rows.append([self._render(v, number, column) for column, v in enumerate(values)])

    def _render(self, value: bytes | None, row: int, column: int) -> Any:
        if value is None:
            self.size += 4
            return None
        if len(value) > self.max_value:
            self.cut.append({"row": row, "column": column, "bytes": len(value)})
            value = value[: self.max_value]
        self.size += len(value) + 3
        text = value.decode("utf-8", "ignore")
        return render_text(text, self.types[column])


def render_text(text: str, type_oid: int) -> Any:
    """Return booleans and numbers as JSON's own where they are exact there, else the text."""
    if type_oid == _BOOLEAN:
        return text == "t"
    if type_oid in _SMALL_INTEGERS:
        return int(text)
    if type_oid == _BIG_INTEGER:
        number = int(text)
        return number if abs(number) <= _SAFE_INTEGER else text
    if type_oid in _FLOATS:
        return text if text.strip("-") in {"NaN", "Infinity"} else float(text)
    return text


def encode(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
