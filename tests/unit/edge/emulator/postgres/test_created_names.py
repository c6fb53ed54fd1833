"""Names that files create, with their places."""

from pathlib import Path

from edge.emulator.postgres.created_names import Place, read_created
from edge.emulator.postgres.script import Script


def test_names_and_columns_have_the_line_of_their_first_statement() -> None:
    text = (
        "create table a (x int);\n\ncreate view b as select 1;\ncreate table if not exists A ();\n"
    )
    more = "alter table a\n  add column y int;\n" * 2
    found = read_created([Script(Path("1_a.sql"), text, ()), Script(Path("2_b.sql"), more, ())])

    assert found.places == {"a": Place("1_a.sql", 1), "b": Place("1_a.sql", 3)}
    assert found.columns["y"] == [("a", Place("2_b.sql", 2)), ("a", Place("2_b.sql", 4))]


def test_a_dump_of_megabytes_is_read_in_one_pass() -> None:
    text = "".join(f"create table public.t{n} (id bigint, name text);\n" for n in range(100_000))
    found = read_created([Script(Path("1_dump.sql"), text, ())])

    assert found.places["t99999"] == Place("1_dump.sql", 100_000)
