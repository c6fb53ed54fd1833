"""Parse a JSON object within bounds; imports little, since a process of its own runs it too."""

import io
import json
import pickle
import re
from collections.abc import Mapping
from typing import Any, Final, cast

_MAX_MEMBERS: Final = {b",": 400_000, b":": 100_000, b"{": 50_000, b"[": 50_000}
"""How often these may occur, in texts too: elements, members, objects, arrays."""
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")


def parse_object(raw: bytes) -> Mapping[str, Any]:
    """Parse a JSON object; raises ValueError with the problem."""
    if any(raw.count(mark) > most for mark, most in _MAX_MEMBERS.items()):
        raise ValueError("the body holds too many values")
    text = raw.decode("utf-8-sig")
    try:
        parsed = json.loads(text)
    except RecursionError as exc:
        raise ValueError("the body is nested too deeply") from exc
    if _SURROGATE.search(text):
        _refuse_lone_surrogates(parsed)
    if not isinstance(parsed, dict):
        raise ValueError("the body is not a JSON object")  # noqa: TRY004 - the caller's text
    return cast("Mapping[str, Any]", parsed)


def pack_object(raw: bytes) -> tuple[bytes, str]:
    """Return the parsed object for `unpack_object`, or no bytes and the problem."""
    try:
        return pickle.dumps(parse_object(raw), protocol=5), ""
    except RecursionError:
        return b"", "the body is nested too deeply"
    except ValueError as exc:
        return b"", str(exc)


def unpack_object(packed: bytes) -> Mapping[str, Any]:
    """Restore an object of our own process, piece by piece, so that other threads get turns."""
    return pickle.Unpickler(_Pieces(packed)).load()  # noqa: S301 - made by pack_object


class _Pieces:
    """A file that Python code reads: between two pieces, of 64 KB, another thread may run."""

    def __init__(self, content: bytes) -> None:
        self._file = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size)

    def readinto(self, buffer: Any) -> int:
        return self._file.readinto(buffer)

    def readline(self) -> bytes:
        return self._file.readline()


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as exc:
        raise ValueError("a string holds half of a surrogate pair") from exc
