"""The mark of a request at the beginning of a line, however long the line is."""

import os

import pytest

from edge.runtime.pool.output import MARK, LineReader, split_mark

ID = "3b16c0a4-b0a1-472e-a54f-2a4606f9d890"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"{MARK}{ID}{MARK}hello", (ID, "hello")),
        (f"{MARK}{ID}{MARK}", (ID, "")),
        ("hello", ("", "hello")),
        (f"{MARK}no end", ("", f"{MARK}no end")),
        (f"{MARK}{'x' * 100}{MARK}too long", ("", f"{MARK}{'x' * 100}{MARK}too long")),
        ("", ("", "")),
    ],
)
def test_a_line_is_split_from_its_mark(line: str, found: tuple[str, str]) -> None:
    assert split_mark(line) == found


async def test_the_mark_takes_no_room_of_a_long_line() -> None:
    read, write = os.pipe()
    lines: list[str] = []
    reader = LineReader(read, lines.append)
    reader.start()
    os.set_blocking(write, False)

    os.write(write, f"{MARK}{ID}{MARK}{'a' * 10_000}\n".encode())
    os.write(write, f"{MARK}{ID}{MARK}{'b' * 25_000}\nplain\n".encode())
    os.close(write)
    reader.close()

    parts = [split_mark(line) for line in lines]
    assert [(mark, text[:1], len(text)) for mark, text in parts] == [
        (ID, "a", 10_000),
        (ID, "b", 10_000),
        (ID, "b", 10_000),
        (ID, "b", 5000),
        ("", "p", 5),
    ]
