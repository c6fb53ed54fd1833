"""A model reads what the rules did not hear, after the webhook is answered, over the wire."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.conftest import RunningStack
from tests.support.call_factory import STARTED_MS, Dialled, dial, one
from tests.support.organization import Organization, rows
from tests.support.served_function import ROOT, Served, serve
from tests.support.waiting import wait_for
from tests.support.webhook_sender import KEY, sign

pytestmark = pytest.mark.e2e

SAID = "Well. Never again, thank you."  # heard by the local model, not by the rules
ENDED: dict[str, Any] = {
    "call_status": "ended",
    "start_timestamp": STARTED_MS,
    "end_timestamp": STARTED_MS + 30_000,
    "disconnection_reason": "user_hangup",
    "transcript": f"Agent: Hello, it is Ada.\nUser: {SAID}",
}


@pytest.fixture(params=["openai", "anthropic"])
def provider(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def reviewing(provider: str, stack: RunningStack, tmp_path: Path) -> Iterator[Served]:
    """The webhook with a key of one of the providers."""
    key = f"{provider.upper()}_API_KEY"
    variables = {
        "SUPABASE_URL": stack.url,
        "SUPABASE_ANON_KEY": stack.anon_key,
        "SUPABASE_SERVICE_ROLE_KEY": stack.service_role_key,
        "RETELL_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{stack.url}/providers/openai/v1",
        "ANTHROPIC_BASE_URL": f"{stack.url}/providers/anthropic",
        key: "sk-set",
    }
    with serve(ROOT / "functions/retell_webhook", tmp_path / "log", variables) as served:
        yield served


def deliver(served: Served, event: str, call: dict[str, Any]) -> httpx.Response:
    body = json.dumps({"event": event, "call": call}).encode()
    return served.client.post("/", content=body, headers={"x-retell-signature": sign(body)})


def listed(connection: psycopg.Connection, dialled: Dialled) -> list[dict[str, Any]]:
    return rows(
        connection,
        "select reason, retell_call_id from public.do_not_call where retell_call_id = %s",
        (dialled.call_id,),
    )


def requests_made(stack: RunningStack) -> dict[str, dict[str, int]]:
    url = f"{stack.url}/providers/_faults"
    return httpx.get(url, headers=stack.control_headers).json()["requests"]


def count(stack: RunningStack) -> int:
    made = requests_made(stack)
    return sum(made.get(name, {}).get(at, 0) for name, at in ENDPOINTS)


ENDPOINTS = (("openai", "responses"), ("anthropic", "messages"))


def test_what_the_model_finds_is_listed_as_what_the_rules_find(
    reviewing: Served, organization: Organization, stack: RunningStack
) -> None:
    dialled = dial(organization, organization.add_campaign())

    answers = [
        deliver(reviewing, "call_ended", dialled.document(**ENDED)),
        deliver(reviewing, "call_analyzed", dialled.document(**ENDED)),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    found = wait_for(lambda: listed(organization.connection, dialled))
    assert found == [{"reason": "said_in_call", "retell_call_id": dialled.call_id}]
    (event,) = rows(
        organization.connection,
        "select payload from public.call_events where event = 'opt_out_found'"
        " and retell_call_id = %s",
        (dialled.call_id,),
    )
    assert event["payload"]["words"] == "Never again, thank you."
    assert count(stack) == 1  # the analysis is not paid for again


def test_a_failure_that_passes_is_tried_again_and_another_changes_nothing(
    reviewing: Served, organization: Organization, stack: RunningStack, provider: str
) -> None:
    campaign = organization.add_campaign()
    passing, lasting = dial(organization, campaign), dial(organization, campaign, "+14155550112")
    stack.fault(provider=provider, kind="status", status=429, retry_after="0.01")

    assert deliver(reviewing, "call_ended", passing.document(**ENDED)).status_code == 200
    wait_for(lambda: listed(organization.connection, passing))
    stack.fault(provider=provider, kind="status", status=401)
    assert deliver(reviewing, "call_ended", lasting.document(**ENDED)).status_code == 200

    wait_for(lambda: "PROVIDER_AUTH" in reviewing.log_file.read_text())
    assert listed(organization.connection, lasting) == []
    assert count(stack) == 3


@pytest.mark.parametrize("transcript", ["Agent: Hello?", "", "Agent: Hi.\nUser: Yes, go on."])
def test_nothing_is_listed_without_the_persons_words(
    reviewing: Served, organization: Organization, stack: RunningStack, transcript: str
) -> None:
    dialled = dial(organization, organization.add_campaign())
    call = dialled.document(**{**ENDED, "transcript": transcript})

    assert deliver(reviewing, "call_ended", call).status_code == 200
    speaks = "User" in transcript
    if speaks:
        wait_for(lambda: count(stack) == 1)
    assert one(organization.connection, "calls", "retell_call_id", dialled.call_id)
    assert listed(organization.connection, dialled) == []
    assert count(stack) == int(speaks)


def test_without_a_key_no_model_is_asked(
    stack: RunningStack, organization: Organization, tmp_path: Path
) -> None:
    dialled = dial(organization, organization.add_campaign())
    body = json.dumps({"event": "call_ended", "call": dialled.document(**ENDED)}).encode()
    url = f"{stack.url}/functions/v1/retell-webhook"

    assert httpx.post(url, content=body, headers={"x-retell-signature": sign(body)}).is_success
    assert count(stack) == 0
