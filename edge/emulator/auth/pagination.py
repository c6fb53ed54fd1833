"""Parse page parameters, and render the pagination headers.

Follows supabase/auth (internal/api/pagination.go).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge.emulator.auth.errors import PAGE_INVALID

_DEFAULT_SIZE: Final = 50
_MAX_COUNT: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """A page; the first `number` is 1."""

    number: int
    size: int


def parse_page(query: Mapping[str, str]) -> Page:
    """Parse page and per_page; empty, as clients send them, means the default."""
    return Page(
        _parse_count(query.get("page"), 1), _parse_count(query.get("per_page"), _DEFAULT_SIZE)
    )


def render_page(page: Page, total: int) -> dict[str, str]:
    """Return the headers X-Total-Count and Link (next, last)."""
    last = max(1, -(-total // page.size))
    links = [f'<{_address(page, last)}>; rel="last"']
    if page.number < last:
        links.insert(0, f'<{_address(page, page.number + 1)}>; rel="next"')
    return {
        "x-total-count": str(total),
        "link": ", ".join(links),
        "access-control-expose-headers": "x-total-count, link",
    }


def _address(page: Page, number: int) -> str:
    return f"/admin/users?page={number}&per_page={page.size}"


def _parse_count(text: str | None, default: int) -> int:
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= _MAX_COUNT):
        raise PAGE_INVALID.error(value=text[:40])
    return int(text)
