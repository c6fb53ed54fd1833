"""The query string of an import."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.errors import BadInputError, FunctionError

from .countries import is_region

_POLICIES: Final = ("skip", "abort")
_BOOLEANS: Final = {"true": True, "1": True, "": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class ImportQuery:
    """Campaign, region of phone numbers without a country code, and whether row errors abort.

    A dry run stores nothing, and needs no campaign.
    """

    campaign_id: UUID | None
    region: str
    aborts_on_error: bool
    is_dry_run: bool = False


def parse_query(query: Mapping[str, str]) -> ImportQuery:
    """Raises BadInputError INVALID_QUERY with the invalid parameter."""
    is_dry_run = _read_boolean(query, "dry_run")
    region = query.get("default_region", "US").upper()
    if not is_region(region):
        raise _invalid(f"default_region must be a region like US or GB, not {region[:20]!r}")
    policy = query.get("on_error", "skip")
    if policy not in _POLICIES:
        raise _invalid(f"on_error must be {' or '.join(_POLICIES)}, not {policy[:20]!r}")
    campaign_id = _read_campaign(query.get("campaign_id"), is_dry_run=is_dry_run)
    return ImportQuery(campaign_id, region, policy == "abort", is_dry_run)


def _read_campaign(given: str | None, *, is_dry_run: bool) -> UUID | None:
    if given is None and is_dry_run:
        return None
    try:
        return UUID(given or "")
    except ValueError:
        raise _invalid("campaign_id must be the campaign's UUID, in the query") from None


def _read_boolean(query: Mapping[str, str], name: str) -> bool:
    given = query.get(name, "false").lower()
    if given not in _BOOLEANS:
        raise _invalid(f"{name} must be true or false, not {given[:20]!r}")
    return _BOOLEANS[given]


def _invalid(problem: str) -> FunctionError:
    return BadInputError(f"{problem}.", code="INVALID_QUERY")
