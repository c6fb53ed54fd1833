r"""A SQL file as the statements that psql and the Supabase CLI would send.

Splits at semicolons outside of quotes, comments, dollar quotes, parentheses and `begin atomic`
bodies (src/fe_utils/psqlscan.l). Lines with psql's commands (`\restrict`, `\connect`, …) are left
out and reported; the data after `copy … from stdin` belongs to its statement.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.emulator.postgres.privileged import needs_privilege
from edge.errors import EdgeError

_LEXEME: Final = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>--[^\n]*)
  | (?P<block>/\*)
  | (?P<string>
        [eE]'[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+(?:'|\Z)
      | '[^']*+(?:''[^']*+)*+(?:'|\Z)
      | "[^"]*+(?:""[^"]*+)*+(?:"|\Z)
    )
  | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
  | (?P<word>[^\W\d][\w$]*)
  | (?P<number>\d[\w.]*)
  | (?P<command>\\[^\n]*)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DUMP: Final = re.compile(
    r"^(?:-- PostgreSQL database dump$|SELECT pg_catalog\.set_config\('search_path', '', false\);)",
    re.MULTILINE,
)
"""The latter is what the Supabase CLI leaves of it, which removes the comments."""
_BLOCK_PART: Final = re.compile(r"/\*|\*/")
_COPY: Final = re.compile(r"copy\b.*\bfrom\s+(?:stdin|pstdin)\b", re.IGNORECASE | re.DOTALL)
_COPY_END: Final = re.compile(r"^\\\.\r?$\n?", re.MULTILINE)
_ROUTINE: Final = re.compile(r"create (?:or replace )?(?:function|procedure)\b")
_HEAD_WORDS: Final = 4
_TRANSACTION_WORDS: Final = frozenset(
    ["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"]
)
_BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `text` starts at line `line` of the file, its first word at `first_line`."""

    text: str
    line: int
    first_line: int
    head: str
    """The first words in lower case, without comments: `create or replace function`."""
    copy_data: str | None = None
    functions: frozenset[str] = frozenset()
    """Those that it calls, as far as they are known, which need privileges."""

    @property
    def controls_transaction(self) -> bool:
        """Whether it begins or ends a transaction, or sets a savepoint."""
        return self.head.partition(" ")[0] in _TRANSACTION_WORDS

    @property
    def needs_privilege(self) -> bool:
        """Whether only a superuser may run it, except on the platform; see privileged.py."""
        return needs_privilege(self.text)

    def line_at(self, position: int | None) -> int:
        """Return the file's line of a 1-based position in the text; of its first word for None."""
        if not position:
            return self.first_line
        return self.line + self.text.count("\n", 0, position - 1)


@dataclass(frozen=True, slots=True)
class Script:
    """The statements of one file; `skipped` are psql's commands, with their lines."""

    path: Path
    text: str
    statements: tuple[Statement, ...]
    skipped: tuple[tuple[int, str], ...] = ()

    @property
    def is_dump(self) -> bool:
        """Whether pg_dump wrote it."""
        return _DUMP.search(self.text, 0, 1000) is not None

    @property
    def is_plain(self) -> bool:
        """Whether the server takes the whole text at once, in one implicit transaction."""
        return (
            not self.skipped
            and not self.is_dump
            and not any(
                s.controls_transaction
                or s.copy_data is not None
                or s.functions
                or s.needs_privilege
                for s in self.statements
            )
        )


class UnreadableError(EdgeError):
    """A file that no Postgres would take; `reason` is what is wrong at `line`."""

    def __init__(self, path: Path, line: int, reason: str, cure: str | None = None) -> None:
        super().__init__(f"{path}:{line}: {reason}", cure=cure)
        self.line = line
        self.reason = reason


def read_script(path: Path) -> Script:
    """Read and split a SQL file. Raises UnreadableError if it is not UTF-8."""
    return parse_script(path, read_sql(path))


def read_sql(path: Path) -> str:
    """Return the file's text without a byte order mark; raises UnreadableError unless UTF-8."""
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise UnreadableError(path, 1, f"cannot be read: {exc.strerror}") from exc
    if content.startswith(_BYTE_ORDER_MARKS):
        raise UnreadableError(path, 1, "UTF-16, which no Postgres reads", "Save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise UnreadableError(
            path,
            line,
            f"byte 0x{content[exc.start]:02x} is not UTF-8, so no Postgres takes this file",
            "Save it as UTF-8, for example: iconv -f latin1 -t utf-8",
        ) from exc
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UnreadableError(path, line, "a NUL character, which no Postgres takes")
    return text


def parse_script(path: Path, text: str) -> Script:
    """Split the text of a file; never fails, a quote left open ends with the text."""
    splitter = _Splitter(text)
    return Script(path, text, tuple(splitter.split()), tuple(splitter.skipped))


@dataclass(slots=True)
class _Splitter:
    text: str
    skipped: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    _position: int = 0
    _start: int = 0
    _first: int | None = None
    """Offset of the statement's first word, None before it."""
    _head: list[str] = field(default_factory=list[str])
    _parentheses: int = 0
    _bodies: int = 0
    """Depth of `begin atomic … end` in a routine."""
    _lines: tuple[int, int] = (0, 1)
    """An offset and its line, from which the next is counted."""

    def split(self) -> Iterator[Statement]:
        while match := _LEXEME.match(self.text, self._position):
            kind, lexeme = match.lastgroup, match.group()
            if kind == "command" and self._first is None:
                self.skipped.append((self._line(match.start()), lexeme.strip()))
                self._position = self._start = match.end()
                continue
            self._position = match.end()
            if kind == "other" and lexeme == ";" and not self._parentheses and not self._bodies:
                if self._first is not None:
                    yield self._finish(match.start())
                self._begin(self._position)
                continue
            self._take(kind, lexeme, match.start())
        if self._first is not None:
            yield self._finish(len(self.text))

    def _take(self, kind: str | None, lexeme: str, start: int) -> None:
        match kind:
            case "space" | "comment":
                return
            case "block":
                self._skip_block()
                return
            case "dollar":
                end = self.text.find(lexeme, self._position)
                self._position = len(self.text) if end < 0 else end + len(lexeme)
            case "word":
                self._take_word(lexeme.lower())
            case _:
                if lexeme == "(":
                    self._parentheses += 1
                elif lexeme == ")":
                    self._parentheses = max(0, self._parentheses - 1)
        if self._first is None:
            self._first = start

    def _take_word(self, word: str) -> None:
        if len(self._head) < _HEAD_WORDS:
            self._head.append(word)
        if self._parentheses or word not in {"begin", "case", "end"}:
            return
        if not _ROUTINE.match(" ".join(self._head)):
            return
        if word == "begin" or (word == "case" and self._bodies):
            self._bodies += 1
        elif word == "end" and self._bodies:
            self._bodies -= 1

    def _skip_block(self) -> None:
        depth = 1
        while depth and (part := _BLOCK_PART.search(self.text, self._position)):
            depth += 1 if part.group() == "/*" else -1
            self._position = part.end()
        if depth:
            self._position = len(self.text)

    def _finish(self, end: int) -> Statement:
        assert self._first is not None
        raw = self.text[self._start : end]
        start = self._start + len(raw) - len(raw.lstrip())
        line, first_line = self._line(start), self._line(self._first)
        data = None
        if self._head[:1] == ["copy"] and _COPY.match(self.text, self._first, end):
            data = self._take_copy_data()
        return Statement(
            self.text[start:end].rstrip(), line, first_line, " ".join(self._head), data
        )

    def _take_copy_data(self) -> str:
        """Return the lines up to `\\.`, and go on after it."""
        begin = self.text.find("\n", self._position) + 1 or len(self.text)
        found = _COPY_END.search(self.text, begin)
        end, self._position = found.span() if found else (len(self.text), len(self.text))
        return self.text[begin:end]

    def _begin(self, position: int) -> None:
        self._start, self._first = position, None
        self._head.clear()
        self._parentheses = self._bodies = 0

    def _line(self, offset: int) -> int:
        known, line = self._lines
        if offset >= known:
            line += self.text.count("\n", known, offset)
        else:
            line = self.text.count("\n", 0, offset) + 1
        self._lines = (offset, line)
        return line
