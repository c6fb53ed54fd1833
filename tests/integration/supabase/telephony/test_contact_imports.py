"""Imports in the database: by whom, and what becomes of them when their campaign ends meanwhile."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from psycopg.types.json import Jsonb

from edge.emulator.postgres.cluster import Cluster
from tests.support.organization import Organization, rows, scalar, signed_in
from tests.support.waiting import wait_for

TABLES = ("telephony.contact_imports", "telephony.contact_import_rows")
FINISHED = "it takes no more contacts"
Connect = Callable[[], psycopg.Connection]
Later = Callable[..., Future[Any]]


@pytest.fixture
def connect(cluster: Cluster, database: str) -> Iterator[Connect]:
    """Further connections, each with a transaction of its own."""
    opened: list[psycopg.Connection] = []

    def another() -> psycopg.Connection:
        opened.append(psycopg.connect(cluster.dsn(database)))
        return opened[-1]

    yield another
    for connection in opened:
        connection.close()


@pytest.fixture
def later(connect: Connect) -> Iterator[Later]:
    """Runs a work beside the test in a transaction, up to where it waits for a lock or is done."""
    with ThreadPoolExecutor(4) as pool:

        def start(work: Callable[..., Any], *values: Any) -> Future[Any]:
            connection = connect()

            def run() -> Any:
                with connection.transaction():
                    return work(connection, *values)

            future = pool.submit(run)
            wait_for(lambda: future.done() or is_waiting(connect, connection.info.backend_pid))
            return future

        yield start


def is_waiting(connect: Connect, pid: int) -> bool:
    with connect() as watching:
        statement = "select wait_event_type = 'Lock' from pg_stat_activity where pid = %s"
        return bool(scalar(watching, statement, (pid,)))


def stage(connection: psycopg.Connection, campaign_id: str, phones: list[str]) -> str:
    """An import of these numbers, staged; its id."""
    found = scalar(connection, "select public.begin_contact_import_v1(%s)::text", (campaign_id,))
    add_rows(connection, found, phones)
    return found


def add_rows(connection: psycopg.Connection, import_id: str, phones: list[str]) -> None:
    staged = [
        {"line": line, "phone": phone, "time_zones": ["UTC"]}
        for line, phone in enumerate(phones, 1)
    ]
    connection.execute("select public.stage_contacts_v1(%s, %s)", (import_id, Jsonb(staged)))


def commit(connection: psycopg.Connection, import_id: str, staged: int) -> dict[str, Any]:
    statement = "select public.commit_contact_import_v1(%s, %s)"
    return scalar(connection, statement, (import_id, staged))


def add_contact(
    connection: psycopg.Connection, organization: Organization, campaign_id: str, planner: str
) -> None:
    """As a planner does by the data API."""
    claims = f'{{"sub": "{planner}", "role": "authenticated"}}'
    connection.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
    connection.execute("set local role authenticated")
    connection.execute(
        "insert into public.campaign_contacts (campaign_id, organization_id, phone, time_zones)"
        " values (%s, %s, '+14155550111', '{UTC}')",
        (campaign_id, organization.id),
    )


def complete(connection: psycopg.Connection, campaign_id: str) -> bool:
    return scalar(connection, "select telephony.complete_campaign(%s)", (campaign_id,))


def cancel(connection: psycopg.Connection, campaign_id: str) -> str:
    statement = "select public.change_campaign_v1(%s, 'cancel_campaign')"
    return scalar(connection, statement, (campaign_id,))


def count(organization: Organization, table: str) -> int:
    return scalar(organization.connection, f"select count(*) from {table}")


def status_of(organization: Organization, campaign_id: str) -> str:
    statement = "select status from public.call_campaigns where id = %s"
    return scalar(organization.connection, statement, (campaign_id,))


@pytest.mark.parametrize("end", [complete, cancel])
def test_an_import_into_a_campaign_that_ends_meanwhile_is_refused(
    organization: Organization, connect: Connect, later: Later, end: Callable[..., Any]
) -> None:
    campaign_id = organization.add_campaign()
    import_id = stage(organization.connection, campaign_id, ["+14155550111"])
    ending = connect()
    assert end(ending, campaign_id)

    committed = later(commit, import_id, 1)
    assert not committed.done()
    ending.commit()

    with pytest.raises(psycopg.ProgrammingError, match=FINISHED) as refused:
        committed.result()
    assert refused.value.diag.message_detail == "CAMPAIGN_FINISHED"
    assert count(organization, "public.campaign_contacts") == 0


def test_a_campaign_into_which_is_imported_does_not_end(
    organization: Organization, connect: Connect, later: Later
) -> None:
    campaign_id = organization.add_campaign()
    import_id = stage(organization.connection, campaign_id, ["+14155550111"])
    importing = connect()
    assert commit(importing, import_id, 1)["imported"] == 1

    completed = later(complete, campaign_id)
    assert not completed.done()
    importing.commit()

    assert completed.result() is False
    assert status_of(organization, campaign_id) == "active"


def test_a_contact_added_by_itself_does_not_miss_the_end_of_its_campaign(
    organization: Organization, connect: Connect, later: Later
) -> None:
    campaign_id = organization.add_campaign()
    planner = organization.add_member("manager")
    ending = connect()
    assert complete(ending, campaign_id)

    added = later(add_contact, organization, campaign_id, planner)
    assert not added.done()
    ending.commit()

    with pytest.raises(psycopg.ProgrammingError, match=FINISHED):
        added.result()
    assert count(organization, "public.campaign_contacts") == 0


def test_a_campaign_to_which_a_contact_is_added_does_not_end(
    organization: Organization, connect: Connect, later: Later
) -> None:
    campaign_id = organization.add_campaign()
    planner = organization.add_member("manager")
    adding = connect()
    add_contact(adding, organization, campaign_id, planner)

    completed = later(complete, campaign_id)
    assert not completed.done()
    adding.commit()

    assert completed.result() is False


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_planner_adds_nobody_to_a_finished_campaign(
    organization: Organization, connect: Connect, status: str
) -> None:
    campaign_id = organization.add_campaign(status=status, finished_at="now")
    planner = organization.add_member("admin")

    with pytest.raises(psycopg.ProgrammingError, match=f"is {status}: {FINISHED}") as refused:
        add_contact(connect(), organization, campaign_id, planner)

    assert (refused.value.diag.sqlstate, refused.value.diag.message_detail) == (
        "PT409",
        "CAMPAIGN_FINISHED",
    )


def test_who_is_added_to_a_cancelled_campaign_is_cancelled(
    organization: Organization, connect: Connect
) -> None:
    campaign_id = organization.add_campaign(status="cancelled", finished_at="now")
    planner = organization.add_member("admin")
    with connect() as adding:
        add_contact(adding, organization, campaign_id, planner)

    work = scalar(organization.connection, "select public.list_campaign_work_v1()")
    assert work["cancelling"] == [campaign_id]
    assert (
        scalar(organization.connection, "select public.cancel_contacts_v1(%s)", (campaign_id,)) == 1
    )


@pytest.mark.parametrize("status", ["draft", "active", "paused"])
def test_a_planner_adds_contacts_until_then(
    organization: Organization, connect: Connect, status: str
) -> None:
    campaign_id = organization.add_campaign(status=status)
    planner = organization.add_member("manager")
    with connect() as adding:
        add_contact(adding, organization, campaign_id, planner)

    assert count(organization, "public.campaign_contacts") == 1


def test_two_lists_of_the_same_numbers_in_other_orders_are_imported_at_once(
    organization: Organization, connect: Connect
) -> None:
    campaign_id = organization.add_campaign()
    phones = [f"+121255{n:05}" for n in range(20_000)]
    lists = [stage(organization.connection, campaign_id, order) for order in (phones, phones[::-1])]

    def run(import_id: str) -> dict[str, Any]:
        with connect() as connection:
            return commit(connection, import_id, len(phones))

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(run, lists), key=lambda answer: answer["imported"])

    assert [answer["imported"] for answer in told] == [0, len(phones)]
    assert {each["already_in"] for each in told[0]["duplicates"]} == {"campaign"}


def test_an_import_into_a_finished_campaign_is_forgotten(organization: Organization) -> None:
    connection = organization.connection
    campaign_id = organization.add_campaign()
    import_id = stage(connection, campaign_id, ["+14155550111"])
    assert complete(connection, campaign_id)

    connection.execute("select public.abandon_contact_import_v1(%s)", (import_id,))

    assert [count(organization, table) for table in TABLES] == [0, 0]


STEPS = (
    'select public.stage_contacts_v1(%(import)s, \'[{"line": 2, "phone": "+14155550112"}]\')',
    "select public.commit_contact_import_v1(%(import)s, 1)",
    "select public.abandon_contact_import_v1(%(import)s)",
)


@pytest.mark.parametrize("step", STEPS)
def test_an_import_of_another_organization_does_not_exist(
    organization: Organization, other_organization: Organization, step: str
) -> None:
    connection = organization.connection
    theirs = other_organization.add_campaign(status="draft")
    import_id = stage(connection, theirs, ["+14155550111"])
    members = [organization.add_member("admin"), organization.add_member("viewer")]
    without_organization = scalar(
        connection, "insert into auth.users (id) values (gen_random_uuid()) returning id::text"
    )

    for user_id in (*members, without_organization):
        with (
            pytest.raises(psycopg.ProgrammingError, match="There is no campaign") as refused,
            signed_in(connection, user_id),
        ):
            connection.execute(step.encode(), {"import": import_id})
        assert refused.value.diag.sqlstate == "PT404"

    left = rows(connection, "select import_id::text, line from telephony.contact_import_rows")
    assert left == [{"import_id": import_id, "line": 1}]
    assert count(organization, "public.campaign_contacts") == 0


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("role", "may"), [("admin", True), ("manager", True), ("viewer", False)])
def test_planners_import_for_their_own_organization(
    organization: Organization, step: str, role: str, *, may: bool
) -> None:
    connection = organization.connection
    import_id = stage(connection, organization.add_campaign(status="draft"), ["+14155550111"])
    member = organization.add_member(role)

    with signed_in(connection, member):
        if may:
            connection.execute(step.encode(), {"import": import_id})
        else:
            with pytest.raises(psycopg.ProgrammingError, match="A viewer may look"):
                connection.execute(step.encode(), {"import": import_id})


@pytest.mark.parametrize("step", STEPS)
def test_who_has_not_signed_in_imports_nothing(organization: Organization, step: str) -> None:
    connection = organization.connection
    import_id = stage(connection, organization.add_campaign(status="draft"), ["+14155550111"])

    with connection.transaction(force_rollback=True):
        connection.execute("set local role anon")
        with pytest.raises(InsufficientPrivilege):
            connection.execute(step.encode(), {"import": import_id})


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    ["select from {}", "insert into {} default values", "update {} set {} = {}", "delete from {}"],
)
def test_what_is_staged_is_nobody_s_to_see_or_change(
    organization: Organization, other_organization: Organization, table: str, statement: str
) -> None:
    connection = organization.connection
    stage(connection, organization.add_campaign(status="draft"), ["+14155550111"])
    column = "campaign_id" if table == "telephony.contact_imports" else "import_id"
    asked = statement.format(table, column, column)

    for owner in (organization, other_organization):
        with (
            pytest.raises(InsufficientPrivilege),
            signed_in(connection, owner.add_member("admin")),
        ):
            connection.execute(asked.encode())
