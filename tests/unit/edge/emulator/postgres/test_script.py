from pathlib import Path

import pytest

from edge.emulator.postgres.script import Script, parse_script, read_script
from edge.errors import EdgeError

FILE = Path("a.sql")


def parse(text: str) -> Script:
    return parse_script(FILE, text)


def texts(text: str) -> list[str]:
    return [statement.text for statement in parse(text).statements]


@pytest.mark.parametrize(
    "statement",
    [
        "select 'a;b', \"c;d\", E'e\\';f', 'it''s;'",
        "do $$ begin perform 1; end $$",
        "do $body$ select $$;$$; $body$",
        "select 1 /* a; /* nested; */ b; */ + 1",
        "select 1 -- a; b\n + 1",
        "create rule r as on insert to t do (delete from a; delete from b)",
        "create function f() returns int begin atomic select 1; select case when a then 2 end; end",
        "create or replace procedure p() begin atomic insert into t values (1); end",
        'create table begin_end ("end" int, a$b$c int)',
        "select 'é;日本', U&'\\0061;', $1$",
    ],
)
def test_a_semicolon_inside_does_not_end_a_statement(statement: str) -> None:
    assert texts(f"{statement};\nselect 2;") == [statement, "select 2"]


def test_lines_of_statements_and_positions() -> None:
    script = parse("-- a comment\n\nselect 1;\n\n/* two\n lines */ create table t (\n  a wrong\n);")
    first, second = script.statements
    assert (first.line, first.first_line) == (1, 3)
    assert second.first_line == 6
    assert second.line_at(second.text.index("wrong") + 1) == 7
    assert second.head == "create table t a"


def test_empty_statements_and_comments_alone_are_no_statements() -> None:
    assert texts(";;\n-- nothing\n;/* nothing */") == []


def test_a_quote_left_open_ends_with_the_text() -> None:
    assert texts("select 1; select 'a; b") == ["select 1", "select 'a; b"]


def test_copy_data_belongs_to_its_statement() -> None:
    script = parse("COPY public.t (a, b) FROM stdin;\n1\tx;y\n2\t\\N\n\\.\n\nselect 3;\n")
    copy, after = script.statements
    assert copy.text == "COPY public.t (a, b) FROM stdin"
    assert copy.copy_data == "1\tx;y\n2\t\\N\n"
    assert (after.text, after.first_line) == ("select 3", 6)
    assert not script.is_plain


def test_commands_of_psql_are_left_out_and_reported() -> None:
    script = parse("\\restrict abc\n\nselect 1;\n\\connect postgres\nselect '\\x';\n")
    assert [s.text for s in script.statements] == ["select 1", "select '\\x'"]
    assert script.skipped == ((1, "\\restrict abc"), (4, "\\connect postgres"))


def test_transaction_statements_are_found() -> None:
    script = parse("BEGIN; select 1; COMMIT;")
    assert [s.controls_transaction for s in script.statements] == [True, False, True]
    assert not script.is_plain
    assert parse("select 1; do $$ begin end $$").is_plain


def test_a_huge_literal_is_one_token() -> None:
    assert len(texts(f"select '{'x' * 5_000_000}'; select 2")) == 2


def test_a_byte_order_mark_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(b"\xef\xbb\xbfselect 1;\r\nselect 2;\r\n")
    assert [s.text for s in read_script(file).statements] == ["select 1", "select 2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("-- ok\n-- Résumé\nselect 1;".encode("latin-1"), "a.sql:2: byte 0xe9 is not UTF-8"),
        ("select 1;".encode("utf-16"), "a.sql:1: UTF-16"),
        (b"select 1;\n\x00", "a.sql:2: a NUL"),
    ],
)
def test_another_encoding_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "a.sql"
    file.write_bytes(content)
    with pytest.raises(EdgeError, match=message) as error:
        read_script(file)
    assert "\n" not in error.value.message
