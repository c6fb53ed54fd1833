"""Schedules, providers, realtime and settings over the API."""

import pytest

from tests.integration.edge.console_api.client import Console

pytestmark = [pytest.mark.e2e]


def test_providers_say_what_they_are_and_take_faults(console: Console) -> None:
    listed = console.get("/providers")["data"]
    added = console.request(
        "POST", "/providers/openai/faults", json={"kind": "status", "status": 529, "times": 2}
    )
    wrong = console.request("POST", "/providers/openai/faults", json={"kind": "nothing"})
    unknown = console.request("GET", "/providers/nobody/faults")
    pending = console.get("/providers/openai/faults")["data"]
    cleared = console.request("DELETE", "/providers/faults").json()["data"]

    assert {each["id"] for each in listed} == {"openai", "anthropic", "retell", "replicate"}
    assert not any(each["is_real"] or each["is_key_set"] for each in listed)
    assert added.status_code == 200
    assert [each["status"] for each in pending] == [529, 529]
    assert (wrong.status_code, unknown.status_code) == (400, 404)
    assert cleared == []
    assert "data" in console.get("/providers/retell/ledger")


def test_settings_hide_secrets_until_they_are_asked_for(console: Console) -> None:
    settings = console.get("/settings")
    secrets = console.request("POST", "/settings/secrets").json()

    assert settings["urls"]["API"] == console.stack.url
    assert settings["versions"]["Postgres"].startswith("18")
    shown = str(settings)
    assert all(secrets[name] not in shown for name in settings["secret_names"])
    assert "settings.show_secrets" in console.audited("keys")


def test_schedules_are_listed_with_their_next_run(console: Console) -> None:
    listed = console.get("/schedules")["data"]

    functions = [each for each in listed if each["kind"] == "function"]
    assert functions
    assert all(each["next_at"] for each in functions)
    refused = console.request("POST", f"/schedules/{functions[0]['id']}/run")
    assert refused.json()["code"] == "SCHEDULES_OFF"  # the tests' stack runs none
    assert console.get("/schedules/job:1/runs") is not None


def test_open_channels_are_shown(console: Console) -> None:
    state = console.get("/realtime")

    assert state["sockets"] >= 0
    assert isinstance(state["data"], list)
