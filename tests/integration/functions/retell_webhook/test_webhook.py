"""The webhook through HTTP, on the whole stack: what the provider sends, and what it leaves."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.conftest import RunningStack
from tests.support.call_factory import STARTED_MS, dial, one
from tests.support.organization import Organization, rows
from tests.support.waiting import PATIENCE
from tests.support.webhook_sender import PATH, Sender

pytestmark = pytest.mark.e2e

ENDED = {
    "call_status": "ended",
    "start_timestamp": STARTED_MS,
    "end_timestamp": STARTED_MS + 30_000,
    "duration_ms": 30_000,
    "disconnection_reason": "agent_hangup",
    "transcript": "Agent: Grüß Gott, señora.\nUser: 你好 😀",
    "call_cost": {"combined_cost": 12},
    "latency": {
        "e2e": {
            "p50": 812.5,
            "p90": 1200,
            "p95": 1310,
            "p99": 1400,
            "min": 640,
            "max": 1420,
            "num": 3,
            "values": [640, 812.5, 1420],
        },
        "llm": {"p50": 610, "p90": 790, "max": 800, "num": 3},
    },
}
ANALYZED = {**ENDED, "call_analysis": {"call_successful": True, "call_summary": "Sold."}}


def test_a_call_from_its_start_to_its_analysis(retell: Sender, organization: Organization) -> None:
    dialled = dial(organization, organization.add_campaign())

    answers = [
        retell.send("call_started", dialled.document(call_status="ongoing")),
        retell.send("call_ended", dialled.document(**ENDED)),
        retell.send("call_analyzed", dialled.document(**ANALYZED)),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json() == {"success": True, "event": "call_started", "duplicate": False}
    call, contact = dialled.call, dialled.contact
    assert (call["status"], call["transcript"]) == ("completed", ENDED["transcript"])
    assert call["latency"] == {
        "e2e": {"p50": 812, "p90": 1200, "max": 1420, "num": 3},
        "llm": {"p50": 610, "p90": 790, "max": 800, "num": 3},
    }
    assert (contact["status"], contact["successful"]) == ("completed", True)
    assert dialled.campaign["status"] == "completed"


def test_a_latency_that_is_none_is_left_out(retell: Sender, connection: psycopg.Connection) -> None:
    latency = (
        '{"e2e": {"p50": NaN, "p90": 1e400, "max": -3, "num": 2}, "llm": [[1]], "x": {"p50": 1},'
        ' "tts": {"p50": 9%s, "p90": 250, "max": "\\u0000", "num": {"a": []}}}' % ("9" * 400)
    )
    call = f'{{"call_id": "odd-latency", "call_status": "ended", "latency": {latency}}}'

    answer = retell.deliver(f'{{"event": "call_ended", "call": {call}}}'.encode())

    assert answer.status_code == 200, answer.text
    stored = one(connection, "calls", "retell_call_id", "odd-latency")
    assert (stored["status"], stored["latency"]) == ("completed", {"tts": {"p90": 250}})


def test_the_database_is_asked_without_the_data_api(
    retell: Sender, connection: psycopg.Connection
) -> None:
    retell.send("call_started", {"call_id": "direct", "call_status": "ongoing"})

    assert rows(
        connection,
        "select from pg_stat_activity"
        " where application_name = 'edge-call-events' and query ~ 'apply_call_events_v1'",
    )


def test_the_guides_example_as_printed(stack: RunningStack, connection: psycopg.Connection) -> None:
    body = '{"event_type": "call_started", "data": {"call_id": "test-123"}}'
    headers = {"Content-Type": "application/json", "x-retell-signature": "your-webhook-secret"}

    response = httpx.post(f"{stack.url}{PATH}", content=body, headers=headers, timeout=PATIENCE)

    assert response.status_code == 200, response.text
    assert response.json()["success"] is True
    assert one(connection, "calls", "retell_call_id", "test-123")["status"] == "in_progress"


@pytest.fixture
def broken(connection: psycopg.Connection) -> Iterator[None]:
    """A database that cannot apply what is reported of a call named so."""
    connection.execute(
        "create function public.break_call() returns trigger language plpgsql as"
        " $$ begin raise exception 'broken' using errcode = 'P0001'; end $$"
    )
    connection.execute(
        "create trigger broken before insert on public.calls for each row"
        " when (new.retell_call_id = 'broken') execute function public.break_call()"
    )
    yield
    connection.execute("drop function if exists public.break_call() cascade")


def test_what_cannot_be_applied_is_kept(
    retell: Sender, connection: psycopg.Connection, broken: None
) -> None:
    call = {"call_id": "broken", **ENDED}

    answers = [retell.send("call_ended", call) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    event = one(connection, "call_events", "retell_call_id", "broken")
    assert (event["payload"], event["applied_at"]) == (call, None)
    connection.execute("drop function public.break_call() cascade")
    assert retell.send("call_ended", call).json()["duplicate"] is False
    assert one(connection, "calls", "retell_call_id", "broken")["status"] == "completed"


def test_a_call_that_comes_in_is_answered_as_documented(
    retell: Sender, organization: Organization
) -> None:
    dialled = dial(organization, organization.add_campaign())
    connection = organization.connection
    (number,) = rows(
        connection,
        "update public.phone_numbers set retell_inbound_agent_id = 'agent_in'"
        " where organization_id = %s returning phone_number",
        (organization.id,),
    )
    connection.execute(
        "update public.campaign_contacts set name = 'Ada' where organization_id = %s",
        (organization.id,),
    )
    caller = dialled.contact["phone"]
    inbound = {"from_number": caller, "to_number": number["phone_number"], "agent_id": "agent_1"}
    body = json.dumps({"event": "call_inbound", "call_inbound": inbound}).encode()

    known, again = (retell.deliver(body) for _ in range(2))
    stranger = retell.deliver(body.replace(caller.encode(), b"+12125550199"))
    unknown = retell.deliver(b'{"event": "chat_inbound", "chat_inbound": {"from_number": "+1"}}')

    answer = {
        "override_agent_id": "agent_in",
        "dynamic_variables": {"name": "Ada"},
    }
    assert (known.status_code, known.json()) == (200, {"call_inbound": answer})
    assert again.json() == known.json()
    assert stranger.json() == {"call_inbound": {"override_agent_id": "agent_in"}}
    assert unknown.json() == {"chat_inbound": {}}
    kept = rows(
        connection,
        "select payload, deliveries from public.call_events"
        " where organization_id = %s and event = 'call_inbound' order by id",
        (organization.id,),
    )
    assert [(event["payload"]["from_number"], event["deliveries"]) for event in kept] == [
        (caller, 2), ("+12125550199", 1),
    ]  # fmt: skip


def test_events_of_chats_and_fields_beside_the_call_are_kept(
    retell: Sender, connection: psycopg.Connection
) -> None:
    chat = {"chat_id": "chat_kept", "chat_status": "ended"}
    call = {"call_id": "transfer_kept"}
    bodies = (
        {"event": "chat_ended", "chat": chat},
        {"event": "transfer_started", "call": call, "transfer_destination": {"number": "+1"}},
    )

    answers = [retell.deliver(json.dumps(body).encode()) for body in bodies]

    assert [answer.json()["success"] for answer in answers] == [True, True]
    assert one(connection, "call_events", "retell_call_id", "chat_kept")["payload"] == chat
    kept = one(connection, "call_events", "retell_call_id", "transfer_kept")
    assert kept["payload"] == {**call, "transfer_destination": {"number": "+1"}}


@pytest.mark.parametrize("event_type", ["call_started", "call_ended"])
def test_the_guides_envelope_is_taken(retell: Sender, event_type: str) -> None:
    data = {"call_id": f"guide-{event_type}", "agent_id": "a", "duration": 120, "cost": 0.5}
    body = json.dumps({"event_type": event_type, "data": data}).encode()

    assert retell.deliver(body).status_code == 200


@pytest.mark.parametrize("signature", ["invalid-signature", "", None])
def test_another_signature_than_the_secret_is_401(retell: Sender, signature: str | None) -> None:
    body = json.dumps({"event_type": "call_started", "data": {"call_id": "x"}}).encode()

    assert retell.post(body, signature).status_code == 401


def test_a_preflight_is_204(stack: RunningStack) -> None:
    response = httpx.options(f"{stack.url}{PATH}", timeout=PATIENCE)

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_405(stack: RunningStack, method: str) -> None:
    response = httpx.request(method, f"{stack.url}{PATH}", timeout=PATIENCE)

    assert response.status_code == 405
    assert response.headers["allow"] == "POST, OPTIONS"


def test_a_delivery_again_is_200_and_applied_once(
    retell: Sender, organization: Organization
) -> None:
    dialled = dial(organization, organization.add_campaign())
    document = dialled.document(**ENDED)

    answers = [retell.send("call_ended", document) for _ in range(3)]

    assert [answer.json()["duplicate"] for answer in answers] == [False, True, True]
    assert (dialled.contact["attempts"], dialled.contact["duration_ms"]) == (1, 30_000)


def test_events_against_their_order_end_the_same(
    retell: Sender, organization: Organization
) -> None:
    dialled = dial(organization, organization.add_campaign(), status="unresolved")

    retell.send("call_analyzed", dialled.document(**ANALYZED))
    retell.send("call_ended", dialled.document(**ENDED))
    retell.send("call_started", dialled.document(call_status="ongoing"))

    assert dialled.call["status"] == "completed"
    contact = dialled.contact
    assert (contact["status"], contact["attempts"], contact["dials"]) == ("completed", 1, 1)
    assert (contact["duration_ms"], contact["cost_cents"]) == (30_000, 12)


def test_many_deliveries_at_once_are_applied_once_each(
    retell: Sender, organization: Organization
) -> None:
    campaign = organization.add_campaign()
    calls = [dial(organization, campaign, f"+1415555{number:04}") for number in range(40)]
    statuses: list[int] = []

    def deliver(mine: Any) -> None:
        for call in mine:
            statuses.append(retell.send("call_ended", call.document(**ENDED)).status_code)

    threads = [threading.Thread(target=deliver, args=(order(calls),)) for order in ORDERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert statuses == [200] * 40 * len(ORDERS)
    assert calls[0].campaign["status"] == "completed"
    [figures] = rows(
        organization.connection,
        "select processed, connected, duration_ms from public.campaign_statistics"
        " where campaign_id = %s",
        (campaign,),
    )
    assert figures == {"processed": 40, "connected": 40, "duration_ms": 40 * 30_000}


ORDERS: tuple[Callable[[list[Any]], list[Any]], ...] = (
    list,
    lambda calls: calls[::-1],
    lambda calls: calls[20:] + calls[:20],
    lambda calls: calls[::2] + calls[1::2],
)


@pytest.mark.parametrize(
    "event",
    [
        "transcript_updated",
        "transfer_started",
        "transfer_bridged",
        "transfer_cancelled",
        "transfer_ended",
        "call_teleported",
    ],
)
def test_other_events_are_kept_and_acknowledged(
    retell: Sender, connection: psycopg.Connection, event: str
) -> None:
    call_id = f"call_{event}"

    response = retell.send(event, {"call_id": call_id, "detail": 1})

    assert response.status_code == 200
    stored = one(connection, "call_events", "retell_call_id", call_id)
    assert (stored["event"], stored["payload"]["detail"]) == (event, 1)
    assert (stored["applied_at"] is None) == (event == "call_teleported")


def test_an_unknown_reason_is_retried_later_and_told(
    retell: Sender, organization: Organization
) -> None:
    dialled = dial(organization, organization.add_campaign())

    retell.send("call_ended", dialled.document(disconnection_reason="eaten_by_a_dog"))

    assert (dialled.contact["status"], dialled.contact["attempts"]) == ("pending", 1)
    [notification] = rows(
        organization.connection,
        "select kind from public.notifications where organization_id = %s",
        (organization.id,),
    )
    assert notification["kind"] == "unknown_disconnection_reason"


def test_an_opt_out_in_the_transcript_is_on_the_list_at_once(
    retell: Sender, organization: Organization
) -> None:
    dialled = dial(organization, organization.add_campaign())
    pieces = [{"role": "user", "content": "Please, don\u2019t call me again!"}]

    retell.send("call_analyzed", dialled.document(**ANALYZED, transcript_object=pieces))

    [entry] = rows(
        organization.connection,
        "select phone, reason from public.do_not_call where organization_id = %s",
        (organization.id,),
    )
    assert entry == {"phone": dialled.phone, "reason": "said_in_call"}


def test_the_webhooks_of_a_paused_campaign_finish_its_calls(
    retell: Sender, organization: Organization
) -> None:
    dialled = dial(organization, organization.add_campaign(status="paused"))

    assert retell.send("call_ended", dialled.document(**ENDED)).status_code == 200
    assert dialled.contact["status"] == "completed"
    assert dialled.campaign["status"] == "paused"


def test_a_slot_that_is_freed_may_be_dialled_on(retell: Sender, organization: Organization) -> None:
    """The answer does not wait for the dialler, and is 200 whatever that says."""
    campaign = organization.add_campaign()
    dialled = dial(organization, campaign)
    organization.add_contacts(campaign, ["+14155550199"])

    response = retell.send("call_ended", dialled.document(**ENDED))

    assert response.status_code == 200
    assert dialled.contact["status"] == "completed"
    assert dialled.campaign["status"] == "active"


def test_while_the_database_is_down_it_is_500_and_then_nothing_is_lost(
    retell: Sender, organization: Organization, stack: RunningStack
) -> None:
    campaign = organization.add_campaign()
    call_id = dial(organization, campaign).call_id
    document = {"call_id": call_id, **ENDED}
    stack.cluster.stop()
    try:
        down = retell.send("call_ended", document)
    finally:
        stack.cluster.start()
    again = deliver_until_stored(retell, document)

    assert (down.status_code, down.json()["code"]) == (500, "DATABASE_UNAVAILABLE")
    assert again.json() == {"success": True, "event": "call_ended", "duplicate": False}
    with psycopg.connect(stack.dsn) as connection:
        [contact] = rows(
            connection,
            "select status from public.campaign_contacts where campaign_id = %s",
            (campaign,),
        )
    assert contact == {"status": "completed"}


def deliver_until_stored(retell: Sender, document: object) -> httpx.Response:
    """As the provider does: again, until it is taken."""
    deadline = time.monotonic() + PATIENCE
    while True:
        response = retell.send("call_ended", document)
        if response.status_code == 200 or time.monotonic() > deadline:
            return response
        time.sleep(0.1)
