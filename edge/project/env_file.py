"""Env files: read them, change single variables, keep comments and order.

The format is that of the Supabase CLI's library, godotenv: `${NAME}` and `$NAME`, in upper case,
stand for earlier variables of the file, except in single quotes. The limits and the reserved prefix
are the platform's (Supabase docs, Functions: secrets).
"""

import hashlib
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv.parser import Binding, parse_stream

from edge.errors import EdgeError

_LOG: Final = logging.getLogger(__name__)
RESERVED_PREFIX: Final = "SUPABASE_"
MAX_SECRETS: Final = 100
MAX_NAME: Final = 256
MAX_VALUE: Final = 48 * 1024

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE: Final = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")
_LITERAL: Final = re.compile(r"[^'\\\x00-\x1f\x7f]*")
_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n", "\r": r"\r", "$": r"\$"})
_REFERENCE: Final = re.compile(r"(\\)?\$(\()?\{?([A-Z0-9_]+)?\}?")
_ASSIGNMENT: Final = re.compile(
    r"""
    (?P<lead>\s*(?:export[^\S\r\n]+)?)
    (?:'[^']+'|[^=\#\s]+)[^\S\r\n]*
    (?:=[^\S\r\n]*
      (?:'(?:\\.|[^'\\])*'(?=[^\S\r\n]*(?:\#|[\r\n]|$))
        |"(?:\\.|[^"\\])*"(?=[^\S\r\n]*(?:\#|[\r\n]|$))
        |[^\r\n]*?(?=\s+\#|[^\S\r\n]*(?:[\r\n]|$))))?
    (?P<tail>[^\S\r\n]*(?:\#[^\r\n]*)?[^\S\r\n]*(?:\r\n|\n|\r)?)
    """,
    re.VERBOSE | re.DOTALL,
)


def digest_secret(value: str) -> str:
    """The SHA-256 of a value, shown in its place: enough to compare two."""
    return hashlib.sha256(value.encode()).hexdigest()


def parse_pair(text: str) -> tuple[str, str]:
    """Split `NAME=VALUE` from the command line. Raises EdgeError without a name or `=`."""
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise EdgeError(f"Invalid secret pair: {text}. Must be NAME=VALUE.")
    return name, value


def quote_value(value: str) -> str:
    """The value as written to a file: bare where that is safe, else quoted."""
    if _BARE.fullmatch(value):
        return value
    if _LITERAL.fullmatch(value):
        return f"'{value}'"
    return f'"{value.translate(_ESCAPES)}"'


def read_env_text(path: Path) -> str:
    """The file's text, empty if there is no file. Raises EdgeError if it is unreadable."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as exc:
        raise EdgeError(f"{path} cannot be read: {exc}") from exc


def parse_env(text: str) -> dict[str, str]:
    """The variables of an env file's text; the last assignment of a name wins."""
    values: dict[str, str] = {}
    for name, value, is_literal in _assignments(text):
        values[name] = value if is_literal else _expand(value, values)
    return values


def unknown_references(text: str) -> list[tuple[str, str]]:
    """Return the names of variables, each with a name that it refers to and that is not set."""
    known: set[str] = set()
    unknown: list[tuple[str, str]] = []
    for name, value, is_literal in _assignments(text):
        if not is_literal:
            found = _REFERENCE.finditer(value)
            named = [m[3] for m in found if m[3] and not m[1] and not m[2]]
            unknown += [(name, reference) for reference in named if reference not in known]
        known.add(name)
    return unknown


def _assignments(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield names, values as written, and whether single quotes keep them literal."""
    for binding in _bindings(text):
        if binding.key is not None and not _is_broken(binding):
            written = binding.original.string.partition("=")[2].lstrip()
            yield binding.key, binding.value or "", written.startswith("'")


def _expand(value: str, known: Mapping[str, str]) -> str:
    """Replace references as godotenv does; an unknown name is empty, `\\$` is a dollar sign."""

    def replace(match: re.Match[str]) -> str:
        if match[1] or match[2]:
            return match[0].removeprefix("\\")
        return known.get(match[3], "") if match[3] else match[0]

    return _REFERENCE.sub(replace, value)


@dataclass(frozen=True, slots=True)
class EnvFile:
    """One env file; it need not exist yet."""

    path: Path

    def read(self) -> dict[str, str]:
        """Its variables by name; lines that are none are reported once, by file and line."""
        text = read_env_text(self.path)
        _warn_of_doubts(self.path, text)
        return parse_env(text)

    def set(self, secrets: Mapping[str, str]) -> None:
        """Replace the values of these names in place; append new names."""
        for name, value in secrets.items():
            _check(name, value)
        text = read_env_text(self.path)
        written = _written(text)
        if len({*written, *secrets}) > MAX_SECRETS:
            raise EdgeError(f"A project has at most {MAX_SECRETS} secrets; these are too many.")
        kept = {name: value for name, value in written.items() if name not in secrets}
        self._write("".join(_with(text, secrets)), kept, secrets)

    def unset(self, names: Iterable[str]) -> None:
        """Remove these names; absent ones are ignored."""
        gone = set(names)
        text = read_env_text(self.path)
        kept = "".join(b.original.string for b in _bindings(text) if b.key not in gone)
        expected = {name: value for name, value in _written(text).items() if name not in gone}
        self._write(kept, expected, {})

    def _write(self, text: str, kept: Mapping[str, str], new: Mapping[str, str]) -> None:
        """Replace the file if it reads as meant: `kept` as written before, `new` by value."""
        written, values = _written(text), parse_env(text)
        is_kept = written.keys() == {*kept, *new} and {**written, **kept} == written
        if not is_kept or {**values, **new} != values:
            raise EdgeError(
                f"{self.path}:{_broken_line(text)} is not NAME=VALUE; nothing was written.",
                cure="Fix that line (is a quote left open?), then try again.",
            )
        target = self.path.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(".tmp", ".env-", target.parent)  # mode 600
        try:
            with open(handle, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise


def read_secrets(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """The file's variables, and the names left out because the platform reserves them."""
    values = EnvFile(path).read()
    reserved = tuple(name for name in values if name.startswith(RESERVED_PREFIX))
    return {name: value for name, value in values.items() if name not in reserved}, reserved


def _bindings(text: str) -> list[Binding]:
    return list(parse_stream(StringIO(text, newline="")))


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise EdgeError(
            f"{name[:60]} cannot name a secret.",
            cure=f"Letters, digits and _, not a digit first, at most {MAX_NAME} characters.",
        )
    try:
        size = len(value.encode())
    except UnicodeEncodeError as exc:
        raise EdgeError(f"The value of {name} is not valid UTF-8.") from exc
    if size > MAX_VALUE:
        raise EdgeError(f"The value of {name} has {size} bytes; the most is {MAX_VALUE} (48 KiB).")
    if "\x00" in value:
        raise EdgeError(f"The value of {name} holds a NUL, which no environment variable can.")


def _with(text: str, secrets: Mapping[str, str]) -> Iterator[str]:
    """The text's pieces with the new values; later duplicates of a name are dropped."""
    written: set[str] = set()
    ended = True
    for binding in _bindings(text):
        piece, name = binding.original.string, binding.key
        if name is not None and name in secrets:
            if name in written:
                continue
            written.add(name)
            piece = _reassign(piece, name, secrets[name])
        ended = piece.endswith(("\n", "\r"))
        yield piece
    if not ended:
        yield "\n"
    for name, value in secrets.items():
        if name not in written:
            yield f"{name}={quote_value(value)}\n"


def _reassign(piece: str, name: str, value: str) -> str:
    match = _ASSIGNMENT.fullmatch(piece)
    lead, tail = (match["lead"], match["tail"]) if match else ("", "\n")
    return f"{lead}{name}={quote_value(value)}{tail}"


def broken_lines(text: str) -> list[int]:
    """The numbers of the lines that are not NAME=VALUE, nor comments."""
    broken = [binding.original for binding in _bindings(text) if _is_broken(binding)]
    return [each.line + _blank_lines_before(each.string) for each in broken]


def _is_broken(binding: Binding) -> bool:
    """Whether it is no assignment, as `A: 1` and `-----END`; a name alone is one."""
    is_name_alone = binding.value is None and _NAME.fullmatch(binding.key or "A")
    return binding.error or (binding.value is None and not is_name_alone)


def _blank_lines_before(text: str) -> int:
    return text[: len(text) - len(text.lstrip())].count("\n")


def _broken_line(text: str) -> int:
    return next(iter(broken_lines(text)), 1)


def _written(text: str) -> dict[str, str]:
    """The variables with their values as written, references included."""
    return {name: value for name, value, _ in _assignments(text)}


@lru_cache(maxsize=16)  # once for each text, however often it is read
def _warn_of_doubts(path: Path, text: str) -> None:
    for name, reference in unknown_references(text):
        _LOG.warning(
            "%s: %s refers to %s, which the file does not set before: it is empty there."
            " For a literal $ use single quotes.",
            path,
            name,
            reference,
        )
    for line in broken_lines(text):
        _LOG.warning("%s:%d is not NAME=VALUE and is ignored: is a quote left open?", path, line)
