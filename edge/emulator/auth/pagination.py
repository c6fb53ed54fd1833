"""Pages of a listing: which one is asked for, and how its neighbours are named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edge.emulator.auth.errors import PAGE_INVALID

_DEFAULT_SIZE: Final = 50
_HIGHEST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """The first page is 1."""

    number: int
    size: int


def parse_page(query: Mapping[str, str]) -> Page:
    """Clients send empty parameters for the ones they leave out."""
    return Page(
        _parse_count(query.get("page"), 1), _parse_count(query.get("per_page"), _DEFAULT_SIZE)
    )


def render_page(page: Page, total: int) -> dict[str, str]:
    """The headers that tell how many there are, and where the next and the last page are."""
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
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) <= _HIGHEST):
        raise PAGE_INVALID.error(value=text[:40])
    return int(text)
