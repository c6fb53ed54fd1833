"""JSON text as values, and which of them cannot be stored: found before anybody tries to."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast

from shared.errors import BadInputError, TooLargeError

MAX_VALUES: Final = 100_000
_MAX_DIGITS: Final = 1_000
_STRING: Final = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a document: linked, since a full path for each value could outgrow the body."""

    parent: "Place | None"
    part: str | int

    def location(self) -> list[str | int]:
        """Return the keys and indexes from the top."""
        parts: list[str | int] = []
        place: Place | None = self
        while place is not None:
            parts.append(place.part)
            place = place.parent
        return parts[::-1]


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands where a number was that is too long to be read."""

    problem: str


def parse_document(text: str) -> Any:
    """Parse a document. Raises an error with the position where the text is not JSON."""
    _check_size(text)
    try:
        return json.loads(text, parse_int=_parse_int, parse_constant=_refuse_constant)
    except json.JSONDecodeError as exc:
        message = f"The body is not valid JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}."
        raise BadInputError(message, code="INVALID_JSON") from exc
    except RecursionError as exc:
        raise BadInputError("The body is nested too deeply.", code="INVALID_JSON") from exc


def find_unstorable(document: Any) -> Iterator[tuple[Place | None, str]]:
    """Yield the path and fault of each value and key that Postgres or JSON cannot hold."""
    if problem := _problem(document):
        yield None, problem
    containers: list[tuple[Place | None, Any]] = [(None, document)]
    while containers:
        place, container = containers.pop()
        for key, value in _members(container):
            if isinstance(key, str) and (problem := _text_problem(key)):
                yield Place(place, "(key)"), problem
            if problem := _problem(value):
                yield Place(place, key), problem
            elif _is_container(value):
                containers.append((Place(place, key), value))


def _check_size(text: str) -> None:
    """Limit the number of values: small ones take many times their bytes in memory."""
    if _count_values(text) <= MAX_VALUES:  # too many perhaps, as text within strings was counted
        return
    without_escapes = text.replace("\\\\", "").replace('\\"', "")
    if _count_values(_STRING.sub("", without_escapes)) > MAX_VALUES:
        raise TooLargeError(
            f"The body holds more than {MAX_VALUES:,} values, the most this function takes.",
            code="TOO_MANY_VALUES",
            metadata={"limit_values": MAX_VALUES},
        )


def _count_values(text: str) -> int:
    """Estimate the number of values from above: each follows a comma or a bracket."""
    return 1 + text.count(",") + text.count("[") + text.count("{")


def _parse_int(digits: str) -> int | _Refused:
    if len(digits) > _MAX_DIGITS:
        return _Refused(f"Is a number of more than {_MAX_DIGITS:,} digits")
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise BadInputError(
        f"The body is not valid JSON: {name} is no JSON number.", code="INVALID_JSON"
    )


def _is_container(value: Any) -> bool:
    return isinstance(value, list | dict)


def _members(container: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(container, list):
        return enumerate(cast("list[Any]", container))
    return cast("dict[str, Any]", container).items() if isinstance(container, dict) else ()


def _problem(value: Any) -> str | None:
    if isinstance(value, str):
        return _text_problem(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "Is a number that is too large"
    return value.problem if isinstance(value, _Refused) else None


def _text_problem(text: str) -> str | None:
    if "\x00" in text:
        return "Contains a NUL character, which cannot be stored"
    try:
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:
        return "Contains half of a surrogate pair, which is no character"
    return None
