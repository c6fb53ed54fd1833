"""Batches of rows for one request each, and the errors among them."""

from collections.abc import Iterator

from functions.import_contacts.readers import Row
from functions.import_contacts.staging import Tally, read_batch


def batch_sizes(rows: Iterator[Row]) -> list[int]:
    """Return the number of rows per request."""
    tally = Tally()
    found: list[int] = []
    while batch := read_batch(rows, "US", tally):
        found.append(len(batch))
    return found


def contact_rows(count: int, notes: str) -> Iterator[Row]:
    return (Row(n, {"phone": "2125550123", "notes": notes}) for n in range(1, count + 1))


def test_a_batch_has_at_most_2000_rows() -> None:
    assert batch_sizes(contact_rows(4500, "")) == [2000, 2000, 500]


def test_a_batch_of_long_rows_has_fewer() -> None:
    assert batch_sizes(contact_rows(600, "x" * 9000)) == [222, 222, 156]


def test_row_errors_are_short_and_encodable() -> None:
    tally = Tally()
    tally.add_error(1, "\ud800" + "x" * 1000, "y" * 1000 + "\udfff")

    (error,) = tally.errors
    assert error["column"].startswith(r"\ud800xxx")
    assert max(len(error["column"]), len(error["problem"])) < 210
