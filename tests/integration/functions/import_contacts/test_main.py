"""Importing contacts through the gateway into a real database."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from openpyxl import Workbook

from edge.tokens import mint
from tests.conftest import RunningStack
from tests.support.organization import Organization, create_organization, scalar
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def connection(stack: RunningStack) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def organization(connection: psycopg.Connection) -> Organization:
    return create_organization(connection, f"+1212{uuid4().int % 10**7:07}")


@pytest.fixture
def campaign(organization: Organization) -> str:
    return organization.add_campaign(status="draft")


def send(
    stack: RunningStack,
    campaign_id: str,
    body: str | bytes,
    *,
    key: str | None = None,
    kind: str = "text/csv",
    **query: str,
) -> httpx.Response:
    with stack.client(key) as client:
        client.timeout = httpx.Timeout(150)
        return client.post(
            "/functions/v1/import-contacts",
            params={"campaign_id": campaign_id, **query},
            content=body,
            headers={"content-type": kind},
        )


def member_token(stack: RunningStack, organization: Organization, role: str) -> str:
    claims = {"sub": organization.add_member(role), "aud": "authenticated"}
    return mint(stack.jwt_secret, "authenticated", **claims)


def contacts(connection: psycopg.Connection, campaign_id: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select phone, name, time_zones, variables, status from public.campaign_contacts"
        " where campaign_id = %s order by id",
        (campaign_id,),
    ).fetchall()


def staged(connection: psycopg.Connection) -> int:
    return scalar(connection, "select count(*) from telephony.contact_import_rows")


def test_valid_rows_become_contacts_and_the_others_are_reported_by_line(
    stack: RunningStack, connection: psycopg.Connection, campaign: str
) -> None:
    first = send(stack, campaign, "Phone;Name;Plan\n212 555 0101;Ada;pro\n")
    second = send(
        stack,
        campaign,
        "Phone;Name;Plan\n(212) 555-0102;Bob;\nnonsense;Eve;\n+1 212-555-0102;Bob again;\n"
        "2125550101;Ada again;\n",
    )

    assert first.json() == {
        "success": True, "rows": 1, "error_count": 0, "errors": [],
        "imported": 1, "duplicate_count": 0, "duplicates": [],
        "do_not_call_count": 0, "do_not_call_added": 0,
    }  # fmt: skip
    assert second.json() == {
        "success": True,
        "rows": 4,
        "error_count": 1,
        "errors": [
            {"line": 3, "column": "phone", "problem": "'nonsense' is not a phone number"},
        ],
        "imported": 1,
        "duplicate_count": 2,
        "duplicates": [
            {"line": 4, "phone": "+12125550102", "already_in": "file"},
            {"line": 5, "phone": "+12125550101", "already_in": "campaign"},
        ],
        "do_not_call_count": 0,
        "do_not_call_added": 0,
    }
    zones = ["America/New_York"]
    assert contacts(connection, campaign) == [
        ("+12125550101", "Ada", zones, {"Plan": "pro"}, "pending"),
        ("+12125550102", "Bob", zones, {"Plan": ""}, "pending"),
    ]


def test_with_abort_one_invalid_row_imports_nothing(
    stack: RunningStack, connection: psycopg.Connection, campaign: str
) -> None:
    answer = send(stack, campaign, "phone\n2125550101\n12\n", on_error="abort")

    assert (answer.status_code, answer.json()["code"]) == (400, "ROWS_REFUSED")
    assert contacts(connection, campaign) == []
    assert staged(connection) == 0


@pytest.mark.parametrize(("kind", "count"), [("text/csv", 30_000), ("application/json", 10_000)])
def test_a_large_list_is_imported_whole(
    stack: RunningStack, connection: psycopg.Connection, campaign: str, kind: str, count: int
) -> None:
    contact_rows = [
        (f"212 {200 + n // 10_000} {n % 10_000:04}", f"Person {n}") for n in range(count)
    ]
    if kind == "text/csv":
        body = "\n".join(["phone,name", *map(",".join, contact_rows)])
    else:
        body = json.dumps([{"phone": phone, "name": name} for phone, name in contact_rows])
    answer = send(stack, campaign, body, kind=kind)

    result = answer.json()
    assert answer.status_code == 200, result
    assert result["imported"] + result["error_count"] == count
    assert result["imported"] > count * 0.9
    assert result["imported"] == scalar(
        connection,
        "select count(*) from public.campaign_contacts where campaign_id = %s",
        (campaign,),
    )
    assert staged(connection) == 0


def test_one_row_above_the_limit_is_rejected(
    stack: RunningStack, connection: psycopg.Connection, campaign: str
) -> None:
    rows = ["phone", *["1"] * 100_001]
    answer = send(stack, campaign, "\n".join(rows))

    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_MANY_ROWS")
    assert staged(connection) == 0


def test_concurrent_imports_of_one_list_create_each_contact_once(
    stack: RunningStack, connection: psycopg.Connection, campaign: str
) -> None:
    body = "phone\n" + "\n".join(f"212 556 {n:04}" for n in range(3000))
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda _: send(stack, campaign, body), range(3)))

    assert [answer.status_code for answer in answers] == [200] * 3
    assert sum(answer.json()["imported"] for answer in answers) == 3000
    assert len(contacts(connection, campaign)) == 3000


def test_a_json_list_is_imported(
    stack: RunningStack, connection: psycopg.Connection, campaign: str
) -> None:
    body = '{"contacts": [{"phone": "020 7946 0000", "name": "Zoë", "seats": 3}]}'
    answer = send(stack, campaign, body, kind="application/json", default_region="gb")

    assert answer.json()["imported"] == 1
    assert contacts(connection, campaign) == [
        ("+442079460000", "Zoë", ["Europe/London"], {"seats": "3"}, "pending")
    ]


def test_text_that_postgres_cannot_store_is_a_row_error(
    stack: RunningStack, connection: psycopg.Connection, campaign: str
) -> None:
    rows = (
        r'{"phone": "2125550101", "plan": "\ud800"}',
        r'{"phone": "2125550102", "\udfff": 1}',
        r'{"phone": "2125550104", "a\u0000": 1}',
        r'{"phone": "2125550105", "plan": "\ud83d\ude00"}',
    )
    answer = send(stack, campaign, f"[{','.join(rows)}]", kind="application/json")

    half = "has half of a surrogate pair, which is no character"
    assert answer.status_code == 200, answer.text
    assert answer.json()["errors"] == [
        {"line": 1, "column": "plan", "problem": f"the value {half}"},
        {"line": 2, "column": r"\udfff", "problem": f"the name of the column {half}"},
        {"line": 3, "column": "a\0", "problem": "the name of the column has a NUL character"},
    ]
    assert [contact[3] for contact in contacts(connection, campaign)] == [{"plan": "😀"}]


def test_who_is_not_to_be_called_is_listed_and_becomes_no_contact(
    stack: RunningStack, connection: psycopg.Connection, campaign: str, organization: Organization
) -> None:
    body = (
        "Mobile,Work Phone,Name,Do Not Call,OK to call\n"
        "2125550101,2125550151,Ada,yes,\n2125550102,,Bob,no,yes\n2125550103,,Cy,,no\n"
        "2125550101,,Ada again,,\n2125550104,,Di,perhaps,\n"
    )
    answer = send(stack, campaign, body).json()

    assert (answer["imported"], answer["do_not_call_count"], answer["do_not_call_added"]) == (
        1,
        3,
        3,
    )
    assert (answer["duplicate_count"], [error["line"] for error in answer["errors"]]) == (0, [6])
    assert [contact[:2] for contact in contacts(connection, campaign)] == [("+12125550102", "Bob")]
    listed = (
        "select phone, reason from public.do_not_call where organization_id = %s order by phone"
    )
    assert connection.execute(listed, (organization.id,)).fetchall() == [
        ("+12125550101", "imported"), ("+12125550103", "imported"), ("+12125550151", "imported"),
    ]  # fmt: skip


def test_a_dry_run_stores_nothing_and_needs_no_campaign(
    stack: RunningStack, connection: psycopg.Connection
) -> None:
    with stack.client() as client:
        answer = client.post(
            "/functions/v1/import-contacts?dry_run=true&default_region=de",
            content="Vorname;Nachname;Handy;DNC\nAda;Stein;0151 23456789;\nBob;Rot;030901820.0;x\n",
            headers={"content-type": "text/csv"},
        )

    result = answer.json()
    assert (answer.status_code, result["dry_run"], result["imported"]) == (200, True, 0)
    assert [column["read_as"] for column in result["columns"]] == [
        "first_name", "last_name", "phone", "do_not_call",
    ]  # fmt: skip
    assert result["preview"][0]["phone"] == "+4915123456789"
    assert "damaged" in result["preview"][1]["problem"]
    assert staged(connection) == 0


def test_progress_is_reported_line_by_line(
    stack: RunningStack, connection: psycopg.Connection, campaign: str
) -> None:
    body = "phone\n" + "\n".join(f"212 557 {n:04}" for n in range(4500))
    with stack.client() as client:
        answer = client.post(
            "/functions/v1/import-contacts",
            params={"campaign_id": campaign},
            content=body,
            headers={"content-type": "text/csv", "accept": "application/x-ndjson"},
        )

    *progress, last = map(json.loads, answer.text.splitlines())
    assert [line["rows"] for line in progress if line["stage"] == "stage"][-1] == 4500
    assert progress[-1]["stage"] == "commit"
    assert last["result"]["imported"] == len(contacts(connection, campaign)) == 4500


def test_an_error_is_the_last_line_of_the_progress(
    stack: RunningStack, connection: psycopg.Connection, campaign: str
) -> None:
    with stack.client() as client:
        answer = client.post(
            "/functions/v1/import-contacts",
            params={"campaign_id": campaign, "on_error": "abort"},
            content="phone\n2125550101\n12\n",
            headers={"content-type": "text/csv", "accept": "application/x-ndjson"},
        )

    assert json.loads(answer.text.splitlines()[-1])["error"]["code"] == "ROWS_REFUSED"
    assert contacts(connection, campaign) == []
    assert staged(connection) == 0


def test_a_workbook_is_imported(
    stack: RunningStack, connection: psycopg.Connection, campaign: str
) -> None:
    workbook = Workbook()
    assert workbook.active is not None
    workbook.active.append(["Name", "Phone"])
    workbook.active.append(["Ada", 12125550101])
    file = io.BytesIO()
    workbook.save(file)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    answer = send(stack, campaign, file.getvalue(), kind=kind)

    assert answer.json()["imported"] == 1, answer.text
    assert contacts(connection, campaign)[0][:2] == ("+12125550101", "Ada")


@pytest.mark.parametrize("kind", ["text/csv", "application/json"])
def test_a_list_with_an_invalid_end_imports_nothing(
    stack: RunningStack, connection: psycopg.Connection, campaign: str, kind: str
) -> None:
    contact_rows = [{"phone": f"212 556 {n:04}"} for n in range(3000)]
    good = {
        "text/csv": "\n".join(["phone", *(person["phone"] for person in contact_rows), '"']),
        "application/json": json.dumps(contact_rows)[:-1],
    }
    answer = send(stack, campaign, good[kind], kind=kind)

    assert (answer.status_code, answer.json()["code"][:8]) == (400, "INVALID_")
    assert contacts(connection, campaign) == []
    assert staged(connection) == 0


def test_an_import_is_rejected_if_its_campaign_ends_meanwhile(
    stack: RunningStack, connection: psycopg.Connection, organization: Organization
) -> None:
    campaign = organization.add_campaign()
    with psycopg.connect(stack.dsn) as ending, ThreadPoolExecutor(1) as threads:
        assert scalar(ending, "select telephony.complete_campaign(%s)", (campaign,))
        sent = threads.submit(send, stack, campaign, "phone\n2125550101\n")
        wait_for_a_lock(connection)
        ending.commit()
        answer = sent.result()

    assert (answer.status_code, answer.json()["code"]) == (409, "CAMPAIGN_FINISHED")
    assert contacts(connection, campaign) == []
    assert staged(connection) == 0


def wait_for_a_lock(connection: psycopg.Connection) -> None:
    waiting = (
        "select exists (select from pg_stat_activity where wait_event_type = 'Lock'"
        " and datname = current_database())"
    )
    wait_for(lambda: scalar(connection, waiting))


def test_the_data_api_rejects_contacts_of_a_finished_campaign(
    stack: RunningStack, organization: Organization
) -> None:
    campaign = organization.add_campaign(status="completed", finished_at="2026-01-01T00:00Z")
    row = {
        "campaign_id": campaign,
        "organization_id": organization.id,
        "phone": "+12125550101",
        "time_zones": ["UTC"],
    }
    with stack.client(member_token(stack, organization, "manager")) as client:
        answer = client.post("/rest/v1/campaign_contacts", json=row)

    assert (answer.status_code, answer.json()["details"]) == (409, "CAMPAIGN_FINISHED")


@pytest.mark.parametrize(
    ("role", "status", "code"),
    [("manager", 200, None), ("admin", 200, None), ("viewer", 403, "ROLE_TOO_LOW")],
)
def test_the_role_of_a_member_decides(
    stack: RunningStack, organization: Organization, campaign: str,
    role: str, status: int, code: str | None,
) -> None:  # fmt: skip
    token = member_token(stack, organization, role)
    answer = send(stack, campaign, "phone\n2125550101\n", key=token)

    assert answer.status_code == status, answer.text
    assert answer.json().get("code") == code


def test_a_campaign_of_another_organization_is_not_found(
    stack: RunningStack, connection: psycopg.Connection, campaign: str
) -> None:
    stranger = create_organization(connection, f"+1213{uuid4().int % 10**7:07}")
    answer = send(
        stack, campaign, "phone\n2125550101\n", key=member_token(stack, stranger, "admin")
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "CAMPAIGN_NOT_FOUND")
    assert contacts(connection, campaign) == []


def test_a_finished_campaign_rejects_contacts(
    stack: RunningStack, organization: Organization
) -> None:
    campaign = organization.add_campaign(status="completed", finished_at="2026-01-01T00:00Z")
    answer = send(stack, campaign, "phone\n2125550101\n")

    assert (answer.status_code, answer.json()["code"]) == (409, "CAMPAIGN_FINISHED")


@pytest.mark.parametrize(
    ("query", "body", "kind", "status", "code"),
    [
        ({"campaign_id": "none"}, "phone\n", "text/csv", 400, "INVALID_QUERY"),
        ({"default_region": "Mars"}, "phone\n", "text/csv", 400, "INVALID_QUERY"),
        ({"on_error": "ignore"}, "phone\n", "text/csv", 400, "INVALID_QUERY"),
        ({}, "phone\n", "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ({}, "phone\n", "text/csv", 400, "EMPTY_LIST"),
        ({}, "name\nAda\n", "text/csv", 400, "NO_PHONE_COLUMN"),
        ({}, "{", "application/json", 400, "INVALID_JSON"),
        ({"campaign_id": str(uuid4())}, "phone\n1\n", "text/csv", 404, "CAMPAIGN_NOT_FOUND"),
    ],
)
def test_bad_input_has_a_code(
    stack: RunningStack, campaign: str,
    query: dict[str, str], body: str, kind: str, status: int, code: str,
) -> None:  # fmt: skip
    query = {"campaign_id": campaign, **query}
    answer = send(stack, query.pop("campaign_id"), body, kind=kind, **query)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
