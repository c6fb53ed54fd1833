"""Objects of a JSON list as rows: nested values get names of their own, lists become text."""

from collections.abc import Iterator
from typing import IO, Any, Final, cast

from .headers import find_phone_name
from .json_stream import read_items
from .table import Row

_DEEPEST: Final = 4
_MOST_VALUES: Final = 1000
# Objects that only group the fields of a record, as exports of APIs do.
_GROUPS: Final = frozenset(
    ("properties", "fields", "attributes", "data", "contact", "person", "record")
)
_NUMBERS: Final = ("value", "number", "phone", "phone_number", "phoneNumber", "canonicalForm")
_LABELS: Final = ("label", "type", "kind")


class _ValueError(Exception):
    """A value that cannot be read."""


def read_rows(text: IO[str]) -> Iterator[Row]:
    """Yield the objects of a list as rows; the first is line 1.

    Raises BadInputError INVALID_JSON or INVALID_BODY.
    """
    for number, contact in enumerate(read_items(text), 1):
        if not isinstance(contact, dict):
            yield Row(number, {}, "a contact must be a JSON object")
            continue
        values: dict[str, str] = {}
        try:
            _flatten("", cast("dict[str, Any]", contact), values, 0)
        except _ValueError as exc:
            yield Row(number, {}, str(exc))
        else:
            yield Row(number, values)


def _flatten(prefix: str, fields: dict[str, Any], values: dict[str, str], depth: int) -> None:
    if depth > _DEEPEST:
        raise _ValueError(f"{prefix[:60]} is nested too deeply")
    for name, value in fields.items():
        if isinstance(value, dict):
            inner = prefix if name in _GROUPS else f"{prefix}{name}."
            _flatten(inner, cast("dict[str, Any]", value), values, depth + 1)
        elif value is not None:
            _put(f"{prefix}{name}", value, values)


def _put(name: str, value: Any, values: dict[str, str]) -> None:
    if isinstance(value, list):
        items = cast("list[Any]", value)
        if find_phone_name(name):
            _put_numbers(name, items, values)
            return
        value = ", ".join(
            _render(name, item) for item in items if not isinstance(item, dict | list)
        )
    if len(values) >= _MOST_VALUES:
        raise _ValueError(f"the contact has more than {_MOST_VALUES:,} values")
    values.setdefault(name, _render(name, value))


def _put_numbers(name: str, items: list[Any], values: dict[str, str]) -> None:
    """Write numbers as columns: `phone`, or `phone mobile` where an object names their kind."""
    plain: list[str] = []
    for item in items[:20]:
        if isinstance(item, dict):
            fields = cast("dict[str, Any]", item)
            number = next((fields[key] for key in _NUMBERS if fields.get(key)), None)
            label = next((str(fields[key])[:40] for key in _LABELS if fields.get(key)), "")
            label = label or ("primary" if fields.get("primary") is True else "")
            if number is not None and not isinstance(number, dict | list):
                _add(f"{name} {label}".strip(), _render(name, number), values)
        elif item is not None:
            plain.append(_render(name, item))
    if plain:
        _add(name, "; ".join(plain), values)


def _add(name: str, number: str, values: dict[str, str]) -> None:
    values[name] = f"{values[name]}; {number}" if values.get(name) else number


def _render(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise _ValueError(f"{name[:60]} must be text or a number")
    return str(value)
