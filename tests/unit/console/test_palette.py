"""What the palette finds for a typed text."""

import pytest

from console.palette import find_entries

ENTRIES = [("Requests", "/console/requests", "x"), ("send-invite", "/console/functions/s", "y")]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", "/console/requests"),
        ("invite", "/console/functions/s"),
        ("INV send", "/console/functions/s"),
        (
            "5493a121-9ce8-4faf-a385-2da0bec287f7",
            "/console/requests/5493a121-9ce8-4faf-a385-2da0bec287f7",
        ),
        ('a&b="x"', "/console/requests?q=a%26b%3D%22x%22"),
    ],
)
def test_pages_ids_and_searches(text: str, first: str) -> None:
    assert find_entries(ENTRIES, text)[0][1] == first
