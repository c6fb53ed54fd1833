"""Parse page parameters, and render the pagination headers.

Follows supabase/auth (internal/api/pagination.go, sorting.go).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from edge.emulator.auth.errors import PAGE_INVALID, SORT_INVALID

_DEFAULT_SIZE: Final = 50
_MAX_SIZE: Final = 1000
_MAX_COUNT: Final = 2**31 - 1
_NUMBER: Final = re.compile(r"\d{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """A page; the first `number` is 1."""

    number: int
    size: int

    @property
    def window(self) -> tuple[int, int]:
        """Limit and offset."""
        return self.size, max(0, self.number - 1) * self.size


def parse_page(query: Mapping[str, str]) -> Page:
    """Parse page and per_page; empty, as clients send them, means the default."""
    number = _parse_count(query.get("page"), 1)
    size = _parse_count(query.get("per_page"), _DEFAULT_SIZE)
    return Page(max(1, number), min(max(1, size), _MAX_SIZE))


def parse_is_ascending(query: Mapping[str, str]) -> bool:
    """Parse `sort`: created_at asc, or created_at desc, the default."""
    text = query.get("sort") or "created_at desc"
    name, _, direction = text.partition(" ")
    if name != "created_at":
        raise SORT_INVALID.error(reason=f"bad field for sort '{name[:40]}'")
    if direction.lower() not in ("", "asc", "desc"):
        raise SORT_INVALID.error(reason=f"bad direction for sort '{direction[:40]}'")
    return direction.lower() == "asc"


def render_page(path: str, query: Mapping[str, str], page: Page, total: int) -> dict[str, str]:
    """Return the headers X-Total-Count and Link (next, last)."""
    last = -(-total // page.size)
    links = [f'<{_address(path, query, last)}>; rel="last"']
    if page.number < last:
        links.insert(0, f'<{_address(path, query, page.number + 1)}>; rel="next"')
    return {
        "x-total-count": str(total),
        "link": ", ".join(links),
        "access-control-expose-headers": "X-Total-Count, Link",
    }


def _address(path: str, query: Mapping[str, str], number: int) -> str:
    values = {**query, "page": str(number)}
    return f"{path}?{urlencode(sorted(values.items()))}"


def _parse_count(text: str | None, default: int) -> int:
    if not text:
        return default
    if not _NUMBER.fullmatch(text):
        raise PAGE_INVALID.error(reason=f'strconv.ParseUint: parsing "{text[:40]}": invalid syntax')
    if int(text) > _MAX_COUNT:
        raise PAGE_INVALID.error(
            reason=f'strconv.ParseUint: parsing "{text[:40]}": value out of range'
        )
    return int(text)
