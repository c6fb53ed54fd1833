"""Env files: any value survives the round trip, and nothing else in the file changes."""

import stat
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import EdgeError
from edge.project.env_file import (
    MAX_VALUE,
    EnvFile,
    digest_secret,
    parse_env,
    parse_pair,
    quote_value,
    unknown_references,
)

characters = st.characters(exclude_categories=("Cs",), exclude_characters="\x00")
values = st.text(characters)
comments = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00\r\n")).map(
    lambda text: f"# {text}"
)
assignments = st.builds(
    lambda lead, name, value, tail: f"{lead}{name}={quote_value(value)}{tail}",
    st.sampled_from(["", "export ", "  "]),
    st.sampled_from(["A", "B", "C"]),
    values,
    st.sampled_from(["", " # why", "\t# a b "]),
)
by_hand = st.sampled_from(["", "A", "B = x y # c", "C='x' # z", "A= # empty", "B=#no", 'C="q"#c'])


@given(values)
def test_what_was_quoted_is_read_back(value: str) -> None:
    line = f"NAME={quote_value(value)}\n"
    plain = dotenv_values(stream=StringIO(line), interpolate=False)

    assert parse_env(line) == {"NAME": value}
    assert "$" in value or plain == {"NAME": value}


def test_references_are_replaced_as_the_supabase_cli_does() -> None:
    text = (
        'PLAIN=abc\nEXPAND=${PLAIN}/x\nSHORT=$PLAIN-y\nDOUBLE="<${PLAIN}>"\n'
        "SINGLE='${PLAIN}'\nLOWER=pa$$w0rd\nESCAPED=\"\\$PLAIN\"\nUNKNOWN=${HOME}x\n"
    )

    assert parse_env(text) == {
        "PLAIN": "abc",
        "EXPAND": "abc/x",
        "SHORT": "abc-y",
        "DOUBLE": "<abc>",
        "SINGLE": "${PLAIN}",
        "LOWER": "pa$$w0rd",
        "ESCAPED": "$PLAIN",
        "UNKNOWN": "x",
    }
    assert unknown_references(text) == [("UNKNOWN", "HOME")]


@given(
    lines=st.lists(st.one_of(comments, assignments, by_hand)),
    end=st.sampled_from(["\n", "\r\n"]),
    is_ended=st.booleans(),
    secrets=st.dictionaries(st.sampled_from(["A", "B", "NEW"]), values, min_size=1),
)
def test_setting_changes_those_names_and_keeps_every_comment(
    tmp_path_factory: pytest.TempPathFactory,
    lines: list[str],
    end: str,
    is_ended: bool,
    secrets: dict[str, str],
) -> None:
    file = EnvFile(tmp_path_factory.mktemp("env") / ".env")
    text = end.join(lines) + (end if is_ended else "")
    file.path.write_bytes(text.encode())

    file.set(secrets)

    written = file.path.read_bytes().decode()
    assert file.read() == {**parse_env(text), **secrets}
    assert all(line in written for line in lines if line.startswith("#"))


def test_order_remarks_and_export_stay(tmp_path: Path) -> None:
    file = EnvFile(tmp_path / ".env")
    file.path.write_text("# top\n\nexport A=1 # one\nB='2'\n# end\n")

    file.set({"B": "two words", "A": "x"})

    assert file.path.read_text() == "# top\n\nexport A=x # one\nB='two words'\n# end\n"


def test_unsetting_takes_that_line_only(tmp_path: Path) -> None:
    file = EnvFile(tmp_path / ".env")
    file.path.write_text("# top\nA=1\nB=2\nA=3\n# end\n")

    file.unset(["A"])

    assert file.path.read_text() == "# top\nB=2\n# end\n"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    file = EnvFile(tmp_path / ".env")
    file.path.write_text("A=1\n")
    file.path.chmod(0o644)

    file.set({"A": "2"})

    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / ".env").symlink_to(tmp_path / "real")

    EnvFile(tmp_path / ".env").set({"A": "2"})

    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=2\n"


def test_a_quote_left_open_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    file = EnvFile(tmp_path / ".env")
    file.path.write_text("A=1\n\nB=\"open\nC='3'\n")

    with pytest.raises(EdgeError, match=r"\.env:3 is not NAME=VALUE"):
        file.set({"NEW": 'needs "quotes\n'})

    assert file.path.read_text() == "A=1\n\nB=\"open\nC='3'\n"
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("1A", "x", "cannot name a secret"),
        ("A B", "x", "cannot name a secret"),
        ("A\n", "x", "cannot name a secret"),
        ("A" * 257, "x", "cannot name a secret"),
        ("A", "x" * (MAX_VALUE + 1), "48 KiB"),
        ("A", "\x00", "NUL"),
        ("A", "\udc80", "not valid UTF-8"),
    ],
)
def test_what_cannot_be_a_secret_is_refused(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    file = EnvFile(tmp_path / ".env")

    with pytest.raises(EdgeError, match=said):
        file.set({name: value})

    assert not file.path.exists()


def test_a_hundred_secrets_are_the_most(tmp_path: Path) -> None:
    file = EnvFile(tmp_path / ".env")
    file.set({f"N{number}": "x" for number in range(100)})

    with pytest.raises(EdgeError, match="at most 100"):
        file.set({"ONE_MORE": "x"})


@pytest.mark.parametrize("pair", ["NAME", "=value", ""])
def test_a_pair_without_name_or_value_is_refused_in_the_platform_s_words(pair: str) -> None:
    with pytest.raises(EdgeError) as refused:
        parse_pair(pair)

    assert refused.value.message == f"Invalid secret pair: {pair}. Must be NAME=VALUE."


def test_a_value_may_hold_equals_signs() -> None:
    assert parse_pair("URL=a=b=") == ("URL", "a=b=")


def test_a_digest_is_sha256() -> None:
    assert digest_secret("abc").startswith("ba7816bf8f01cfea")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("A=1\n\nbroken line here\nB=2\n", [3]),
        ('A=1\nB="never closed\n', [2]),
        ("# comment\nexport A=1\nA\n\n", []),
        ("A: 1\nKEY=-----BEGIN KEY-----\nMIIE+a/b\n-----END KEY-----\n", [1, 3, 4]),
    ],
)
def test_broken_lines_are_reported_once_by_file_and_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, lines: list[int]
) -> None:
    path = tmp_path / ".env"
    path.write_text(text)
    EnvFile(path).read()
    EnvFile(path).read()

    assert [record.getMessage().partition(" ")[0] for record in caplog.records] == [
        f"{path}:{line}" for line in lines
    ]
