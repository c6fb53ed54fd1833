"""Signing in with supabase-js against the whole stack."""

from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import Play

pytestmark = pytest.mark.e2e


@pytest.fixture
def results(play: Play) -> dict[str, Any]:
    return play("auth_scenarios.mjs", NAME=f"ann-{uuid4()}")


def test_supabase_js_signs_users_in(results: dict[str, Any]) -> None:
    """Results of one run of many calls; each test checks one of them."""
    check_the_way_in(results)
    check_what_a_session_opens(results)
    check_accounts(results)
    check_the_way_out(results)


def check_the_way_in(results: dict[str, Any]) -> None:
    signed_up, weak, wrong = results["signedUp"], results["weak"], results["wrong"]

    assert (signed_up["name"], signed_up["hasSession"]) == ("Ann", True)
    assert results["signedIn"] == signed_up["id"]
    assert (weak["name"], weak["reasons"]) == ("AuthWeakPasswordError", ["length"])
    assert results["twice"]["code"] == "user_already_exists"
    assert (wrong["name"], wrong["status"], wrong["code"], wrong["message"]) == (
        "AuthApiError",
        400,
        "invalid_credentials",
        "Invalid login credentials",
    )


def check_what_a_session_opens(results: dict[str, Any]) -> None:
    user_id = results["signedUp"]["id"]

    assert results["user"].endswith("@example.com")
    assert (results["claims"], results["project"]) == (user_id, user_id)
    assert results["invoked"] == {"jobs": []}
    assert results["rotated"] is True
    assert results["updated"] == "red"


def check_accounts(results: dict[str, Any]) -> None:
    assert results["listed"] == {"count": 1, "total": True}
    assert results["created"] == results["found"]
    assert results["changed"] == "blue"
    assert results["deleted"] is None
    assert (results["missing"]["status"], results["missing"]["code"]) == (404, "user_not_found")
    assert (results["notAdmin"]["status"], results["notAdmin"]["code"]) == (403, "not_admin")


def check_the_way_out(results: dict[str, Any]) -> None:
    assert results["signedOut"] is None
    assert results["stale"]["code"] == "refresh_token_not_found"
    assert results["anonymous"]["code"] == "anonymous_provider_disabled"
