from collections.abc import Iterator

from functions.import_contacts.listing import Row
from functions.import_contacts.staging import Tally, read_piece


def pieces(rows: Iterator[Row]) -> list[int]:
    """How many rows are staged in each request."""
    tally = Tally()
    found: list[int] = []
    while piece := read_piece(rows, "US", tally):
        found.append(len(piece))
    return found


def people(count: int, notes: str) -> Iterator[Row]:
    return (Row(n, {"phone": "2125550123", "notes": notes}) for n in range(1, count + 1))


def test_a_piece_has_so_many_rows() -> None:
    assert pieces(people(4500, "")) == [2000, 2000, 500]


def test_a_piece_of_long_rows_has_fewer() -> None:
    assert pieces(people(600, "x" * 9000)) == [222, 222, 156]


def test_what_is_told_of_a_row_can_be_sent_and_is_short() -> None:
    tally = Tally()
    tally.refuse(1, "\ud800" + "x" * 1000, "y" * 1000 + "\udfff")

    (fault,) = tally.faults
    assert fault["column"].startswith(r"\ud800xxx")
    assert max(len(fault["column"]), len(fault["problem"])) < 210
