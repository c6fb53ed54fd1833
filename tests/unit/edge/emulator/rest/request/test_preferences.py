"""The Prefer header is parsed and echoed."""

import pytest

from edge.emulator.rest.errors import RestError
from edge.emulator.rest.request.preferences import parse_preferences, render_applied, require_valid


def test_preferences_are_a_set_in_any_order_and_spacing():
    headers = ["return=representation,resolution=merge-duplicates", " count=exact , odd"]
    preferences = parse_preferences(headers, allow_transaction=False)

    assert preferences.wants_body
    assert preferences.invalid == ("odd",)
    assert render_applied(preferences) == (
        "resolution=merge-duplicates, return=representation, count=exact"
    )


def test_strict_handling_refuses_unknown_preferences():
    preferences = parse_preferences(["handling=strict, odd, count=many"], allow_transaction=False)

    with pytest.raises(RestError) as caught:
        require_valid(preferences)

    assert caught.value.details == "Invalid preferences: odd, count=many"


def test_a_transaction_preference_counts_only_where_it_is_allowed():
    headers = ["tx=rollback"]

    assert parse_preferences(headers, allow_transaction=False).transaction is None
    assert parse_preferences(headers, allow_transaction=True).transaction == "rollback"
