"""What the query of an import asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.errors import BadInputError, FunctionError

from .contact import is_region

_POLICIES: Final = ("skip", "abort")


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose contacts, how to read numbers without a country, and whether faults stop it all."""

    campaign_id: UUID
    region: str
    aborts: bool


def read_wish(query: Mapping[str, str]) -> Wish:
    """400 INVALID_QUERY names what is wrong."""
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
    return Wish(campaign_id, region, policy == "abort")


def _invalid(problem: str) -> FunctionError:
    return BadInputError(f"{problem}.", code="INVALID_QUERY")
