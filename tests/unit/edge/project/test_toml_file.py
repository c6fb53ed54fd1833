"""TOML files as editors save them."""

import tomllib
from pathlib import Path

import pytest

from edge.project.extensions import read_extensions
from edge.project.toml_file import read_toml


@pytest.mark.parametrize(
    "raw",
    [
        b'a = "\xc3\xa9"\n',
        b'\xef\xbb\xbfa = "\xc3\xa9"\n',
        b'\xef\xbb\xbfa = "\xc3\xa9"\r\nb = 1\r\n',
    ],
    ids=["plain", "a byte order mark", "both, by Windows"],
)
def test_utf_8_is_read_with_or_without_a_mark(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(raw)

    assert read_toml(file)["a"] == "é"


@pytest.mark.parametrize("raw", [b'a = 1\nb = "\xe9"\n', 'a = 1\nb = "é"'.encode("utf-16")])
def test_another_encoding_is_one_line_that_says_what_to_do(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(raw)

    with pytest.raises(tomllib.TOMLDecodeError, match=r"^line \d is not UTF-8; save it as UTF-8$"):
        read_toml(file)


def test_edge_toml_says_so(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_bytes(b"# caf\xe9\n")

    assert "line 1 is not UTF-8" in read_extensions(tmp_path).faults[0]
