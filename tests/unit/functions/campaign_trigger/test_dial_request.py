"""The create-phone-call request of a claimed contact."""

from typing import Any

from functions.campaign_trigger.dial_request import DialRequest

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
    return DialRequest.read({**ROW, **changes}).call_arguments()


def test_the_metadata_holds_the_ids_that_webhooks_need_as_text() -> None:
    assert arguments()["metadata"] == {"campaign_id": "c1", "contact_id": "7", "attempt_id": "a1"}


def test_variables_are_strings_and_empty_fields_are_absent() -> None:
    assert arguments()["retell_llm_dynamic_variables"] == {
        "plan": "pro",
        "seats": "3",
        "is_new": "true",
        "tags": '["a", "ü"]',
        "name": "Zoë",
        "notes": "likes tea",
        "campaign": "Spring",
    }


def test_the_contacts_name_overrides_a_variable() -> None:
    given = arguments(variables={"name": "Bob"})

    assert given["retell_llm_dynamic_variables"]["name"] == "Zoë"


def test_the_request_honors_the_providers_do_not_call_list_and_has_the_attempts_key() -> None:
    given = arguments()

    assert given["honor_internal_dnc"] is True
    assert given["idempotency_key"] == "c1:7:1"
    assert (given["from_number"], given["to_number"]) == ("+14155550100", "+12125550190")
