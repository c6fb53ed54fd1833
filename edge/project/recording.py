"""What is recorded, and for how long: the table [recording] of edge.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from edge.project.prices import Price, parse_prices

_MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """Settings of the recording.

    Requests that failed are kept for `failed_days`, others for `days`, and less if all of it takes
    more than `max_mb`. Of a body the first `body_kb` are kept. At most `per_second` requests are
    recorded whole, fewer on a slow machine; when there are more, only failures besides. `redact`
    names more keys of bodies and headers whose values are replaced. By `prices` of models the cost
    of calls is computed whose provider tells none.
    """

    enabled: bool = True
    days: int = 3
    failed_days: int = 14
    max_mb: int = 512
    body_kb: int = 64
    per_second: int = 100
    redact: tuple[str, ...] = ()
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])


def parse_recording(value: Any) -> tuple[RecordingSettings, list[str]]:
    """Read the table; returns the settings, and a sentence for each entry that is wrong."""
    if not isinstance(value, Mapping):
        return RecordingSettings(), ["recording must be a table: [recording]"]
    known = RecordingSettings()
    found: dict[str, Any] = {}
    faults: list[str] = []
    for name, entry in cast("Mapping[str, Any]", value).items():
        if name == "prices":
            found[name], wrong = parse_prices(entry)
            faults += wrong
            continue
        try:
            found[name] = _check(name, entry, getattr(known, name, None))
        except ValueError as exc:
            faults.append(f"recording.{name} {exc}")
    settings = RecordingSettings(**found)
    return settings, faults


def _check(name: str, value: Any, default: Any) -> Any:
    if default is None:
        names = ", ".join(RecordingSettings.__slots__)
        raise ValueError(f"is no setting; there are {names}")
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError("must be true or false")  # noqa: TRY004
        return value
    if isinstance(default, int):
        if type(value) is not int or not 0 <= value <= _MOST:
            raise ValueError(f"must be a number from 0 to {_MOST}")
        return value
    names = cast("list[Any]", value) if isinstance(value, list) else [None]
    if not all(isinstance(each, str) and each for each in names):
        raise ValueError(f'must be a list of names: {name} = ["card_number"]')
    return tuple(names)
