"""Parse the Prefer header. See docs.postgrest.org, "Prefer Header".

Follows PostgREST's ApiRequest/Preferences.hs.
"""

from collections.abc import Iterable
from typing import Final

from edge.emulator.rest.errors import rest_error
from edge.emulator.rest.query.integers import parse_digits
from edge.emulator.rest.record import record

_KNOWN: Final = {
    "resolution": ("merge-duplicates", "ignore-duplicates"),
    "return": ("representation", "headers-only", "minimal"),
    "count": ("exact", "planned", "estimated"),
    "tx": ("commit", "rollback"),
    "missing": ("default", "null"),
    "handling": ("strict", "lenient"),
}


@record
class Preferences:
    """The preferences of a request; None for those not given."""

    resolution: str | None = None
    returns: str | None = None
    count: str | None = None
    transaction: str | None = None
    missing: str | None = None
    handling: str | None = None
    timezone: str | None = None
    max_affected: int | None = None
    invalid: tuple[str, ...] = ()

    @property
    def wants_body(self) -> bool:
        return self.returns == "representation"

    @property
    def is_strict(self) -> bool:
        return self.handling == "strict"

    @property
    def affected_limit(self) -> int | None:
        """max-affected, which only applies with handling=strict."""
        return self.max_affected if self.is_strict else None


def parse_preferences(headers: Iterable[str], *, allow_transaction: bool) -> Preferences:
    """Parse all Prefer headers as one; the first value of a preference applies."""
    chosen: dict[str, str] = {}
    invalid: list[str] = []
    for entry in (part.strip() for header in headers for part in header.split(",")):
        key, _, value = entry.partition("=")
        key, value = key.strip(), value.strip()
        if _is_known(key, value):
            chosen.setdefault(key, value)
        elif entry:
            invalid.append(entry)
    return Preferences(
        resolution=chosen.get("resolution"),
        returns=chosen.get("return"),
        count=chosen.get("count"),
        transaction=chosen.get("tx") if allow_transaction else None,
        missing=chosen.get("missing"),
        handling=chosen.get("handling"),
        timezone=chosen.get("timezone"),
        max_affected=parse_digits(chosen.get("max-affected", "")),
        invalid=tuple(invalid),
    )


def _is_known(key: str, value: str) -> bool:
    if key == "max-affected":
        return parse_digits(value) is not None
    return key == "timezone" or value in _KNOWN.get(key, ())


def require_valid(preferences: Preferences) -> None:
    """Raise PGRST122 for an unknown preference with handling=strict."""
    if preferences.is_strict and preferences.invalid:
        raise rest_error(
            "PGRST122", details=f"Invalid preferences: {', '.join(preferences.invalid)}"
        )


def render_applied(preferences: Preferences) -> str | None:
    """Return the Preference-Applied header; None if no preference was applied."""
    limit = preferences.affected_limit
    applied = {
        "resolution": preferences.resolution,
        "missing": preferences.missing,
        "return": preferences.returns,
        "count": preferences.count,
        "tx": preferences.transaction,
        "handling": preferences.handling,
        "timezone": preferences.timezone,
        "max-affected": None if limit is None else str(limit),
    }
    return ", ".join(f"{key}={value}" for key, value in applied.items() if value) or None
