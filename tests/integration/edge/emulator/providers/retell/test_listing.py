"""Filters, order and pages of list-calls."""

from typing import Any

import pytest
import retell as sdk
from retell import Retell

from tests.support.emulated_retell import FROM, ControlClient
from tests.support.waiting import wait_for

NUMBERS = ("+12125550168", "+12125550190", "+13125550168", "+13125550156")


@pytest.fixture
def listed(retell: Retell, control: ControlClient) -> Retell:
    """A workspace with four calls that are over."""
    for place, number in enumerate(NUMBERS):
        retell.call.create_phone_call(
            from_number=FROM,
            to_number=number,
            metadata={"attempt_id": f"attempt-{place}", "place": place},
            override_agent_id="a" if place % 2 else "b",
        )
    wait_for(lambda: all(call["freed_ms"] for call in control.request_log()["calls"]))
    return retell


def text(op: str, value: str, **key: str) -> dict[str, str]:
    return {"type": "string", "op": op, "value": value, **key}


FILTERS: list[tuple[dict[str, Any], set[int]]] = [
    ({}, {0, 1, 2, 3}),
    ({"to_number": text("eq", NUMBERS[2])}, {2}),
    ({"to_number": text("ne", NUMBERS[2])}, {0, 1, 3}),
    ({"to_number": text("sw", "+1312")}, {2, 3}),
    ({"to_number": text("ew", "0168")}, {0, 2}),
    ({"to_number": text("co", "2555")}, {0, 1, 2, 3}),
    ({"metadata": [text("eq", "attempt-1", key="attempt_id")]}, {1}),
    ({"metadata": [{"type": "number", "op": "ge", "value": 2, "key": "place"}]}, {2, 3}),
    ({"metadata": [{"type": "present", "op": "np", "key": "other"}]}, {0, 1, 2, 3}),
    ({"agent": [{"agent_id": "a"}]}, {1, 3}),
    ({"call_status": {"type": "enum", "op": "in", "value": ["not_connected"]}}, {0, 2}),
    (
        {
            "disconnection_reason": {
                "type": "enum",
                "op": "in",
                "value": ["dial_no_answer", "voicemail_reached"],
            },
            "to_number": text("sw", "+1312"),
        },
        {2, 3},
    ),
    ({"start_timestamp": {"type": "number", "op": "gt", "value": 0}}, {0, 1, 2, 3}),
    ({"start_timestamp": {"type": "range", "op": "bt", "value": [0, 1]}}, set()),
    ({"duration_ms": {"type": "number", "op": "gt", "value": 0}}, {1, 3}),
]


@pytest.mark.parametrize(("criteria", "places"), FILTERS)
def test_filters(listed: Retell, criteria: Any, places: set[int]) -> None:
    answer = listed.call.list(filter_criteria=criteria, include_total=True)

    assert {
        NUMBERS.index(item.to_number) for item in answer.items if item.call_type == "phone_call"
    } == places
    assert answer.total == len(places)


def test_an_item_has_no_transcript(listed: Retell) -> None:
    answer: Any = listed.call.list(filter_criteria={"agent": [{"agent_id": "a"}]})

    assert all("transcript" not in item.to_dict() for item in answer.items)


def test_pages_follow_one_another(listed: Retell) -> None:
    first = listed.call.list(limit=3, sort_order="ascending")
    assert first.pagination_key is not None
    second = listed.call.list(limit=3, sort_order="ascending", pagination_key=first.pagination_key)

    assert (first.has_more, second.has_more) == (True, False)
    ids = [item.call_id for item in (*first.items, *second.items)]
    assert len(set(ids)) == 4


@pytest.mark.parametrize(
    "body",
    [
        {"filter_criteria": {"colour": text("eq", "red")}},
        {"filter_criteria": {"to_number": text("like", "x")}},
        {"filter_criteria": {"to_number": {"type": "string", "op": "eq", "value": 7}}},
        {"filter_criteria": {"metadata": [text("eq", "x")]}},
        {"filter_criteria": []},
        {"limit": 0},
        {"limit": 1001},
        {"limit": "ten"},
        {"skip": -1},
        {"pagination_key": "not a page"},
    ],
)
def test_what_it_cannot_do_is_refused(retell: Retell, body: Any) -> None:
    with pytest.raises(sdk.BadRequestError):
        retell.post("/v3/list-calls", body=body, cast_to=object)
