"""Batches of rows for one request each, and the errors among them."""

import pytest

from functions.import_contacts.listing import Tally
from shared.errors import TooLargeError
from tests.support.contact_lists import listing


def batch_sizes(rows: int, notes: str) -> list[int]:
    """Return the number of rows per request."""
    read = listing("phone,notes\n" + f"2125550123,{notes}\n" * rows)
    found: list[int] = []
    while batch := read.read_batch():
        found.append(len(batch))
    return found


def test_a_batch_has_at_most_2000_rows() -> None:
    assert batch_sizes(4500, "") == [2000, 2000, 500]


def test_a_batch_of_long_rows_has_fewer() -> None:
    assert batch_sizes(600, "x" * 9000) == [222, 222, 156]


def test_a_list_of_invalid_rows_has_no_batch_and_a_limit() -> None:
    read = listing("phone\n" + "1\n" * 5000)

    assert (read.read_batch(), read.tally.rows, read.tally.invalid) == ([], 5000, 5000)
    assert len(read.tally.errors) == 1000
    with pytest.raises(TooLargeError, match="more than 100,000 rows"):
        listing("phone\n" + "1\n" * 100_001).read_batch()


def test_row_errors_are_short_and_encodable() -> None:
    tally = Tally()
    tally.add_error(1, "\ud800" + "x" * 1000, "y" * 1000 + "\udfff")

    (error,) = tally.errors
    assert error["column"].startswith(r"\ud800xxx")
    assert max(len(error["column"]), len(error["problem"])) < 210
