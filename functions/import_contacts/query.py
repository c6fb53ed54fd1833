"""The query string of an import."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.errors import BadInputError, FunctionError

from .contact import is_region

_POLICIES: Final = ("skip", "abort")


@dataclass(frozen=True, slots=True)
class ImportQuery:
    """Campaign, region of phone numbers without a country code, and whether row errors abort."""

    campaign_id: UUID
    region: str
    aborts_on_error: bool


def parse_query(query: Mapping[str, str]) -> ImportQuery:
    """Raises BadInputError INVALID_QUERY with the invalid parameter."""
    try:
        campaign_id = UUID(query.get("campaign_id", ""))
    except ValueError:
        raise _invalid("campaign_id must be the campaign's UUID, in the query") from None
    region = query.get("default_region", "US").upper()
    if not is_region(region):
        raise _invalid(f"default_region must be a region like US or GB, not {region[:20]!r}")
    policy = query.get("on_error", "skip")
    if policy not in _POLICIES:
        raise _invalid(f"on_error must be {' or '.join(_POLICIES)}, not {policy[:20]!r}")
    return ImportQuery(campaign_id, region, policy == "abort")


def _invalid(problem: str) -> FunctionError:
    return BadInputError(f"{problem}.", code="INVALID_QUERY")
