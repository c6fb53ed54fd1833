"""The call that is asked for a contact."""

from typing import Any

from functions.campaign_trigger.order import DialOrder

ROW = {
    "attempt_id": "a1",
    "lease_token": "t1",
    "idempotency_key": "c1:7:1",
    "organization_id": "o1",
    "campaign_id": "c1",
    "contact_id": 7,
    "phone": "+12125550190",
    "name": "Zoë",
    "email": None,
    "company": "",
    "notes": "likes tea",
    "variables": {"plan": "pro", "seats": 3, "is_new": True, "tags": ["a", "ü"], "gone": None},
    "campaign_name": "Spring",
    "from_number": "+14155550100",
    "retell_agent_id": "agent_ada",
}


def arguments(**changes: Any) -> dict[str, Any]:
    return DialOrder.read({**ROW, **changes}).call_arguments()


def test_all_that_the_webhooks_need_is_in_the_metadata_as_text() -> None:
    assert arguments()["metadata"] == {"campaign_id": "c1", "contact_id": "7", "attempt_id": "a1"}


def test_variables_are_texts_and_what_is_empty_is_absent() -> None:
    assert arguments()["retell_llm_dynamic_variables"] == {
        "plan": "pro",
        "seats": "3",
        "is_new": "true",
        "tags": '["a", "ü"]',
        "name": "Zoë",
        "notes": "likes tea",
        "campaign": "Spring",
    }


def test_a_contacts_own_name_wins_over_a_variable() -> None:
    given = arguments(variables={"name": "Bob"})

    assert given["retell_llm_dynamic_variables"]["name"] == "Zoë"


def test_the_provider_is_asked_to_honor_its_own_list_under_the_attempts_key() -> None:
    given = arguments()

    assert given["honor_internal_dnc"] is True
    assert given["idempotency_key"] == "c1:7:1"
    assert (given["from_number"], given["to_number"]) == ("+14155550100", "+12125550190")
