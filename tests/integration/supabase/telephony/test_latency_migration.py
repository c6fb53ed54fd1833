"""The migration that adds the latency of calls, under sessions that have applied events before."""

from pathlib import Path

import psycopg
import pytest

from tests.support.call_factory import dial
from tests.support.organization import Organization, rows

MIGRATIONS = Path(__file__).parents[4] / "supabase" / "migrations"
SETTINGS = (
    "select proname, proacl, proconfig from pg_proc"
    " where proname in ('apply_call_events_v1', 'merge_call', 'merge_known') order by 1"
)


@pytest.mark.usefixtures("database")
def test_an_open_session_stores_the_latency_once_it_is_there(organization: Organization) -> None:
    connection = organization.connection
    dialled = dial(organization, organization.add_campaign())
    former = (MIGRATIONS / "20261121001420_telephony_merge_calls.sql").read_text()
    with psycopg.connect(connection.info.dsn, password=connection.info.password) as other:
        other.execute("alter table public.calls drop column latency")
        other.execute("alter type telephony.call_event drop attribute latency")
        other.execute(former.replace("create function", "create or replace function").encode())
    dialled.apply("call_started", call_status="ongoing", latency={"llm": {"p50": 1}})
    assert "latency" not in dialled.call
    settings = rows(connection, SETTINGS)

    with psycopg.connect(connection.info.dsn, password=connection.info.password) as other:
        other.execute((MIGRATIONS / "20261128007020_telephony_store_latency.sql").read_bytes())

    dialled.apply("call_ended", call_status="ended", latency={"llm": {"p50": 5}})
    assert dialled.call["latency"] == {"llm": {"p50": 5}}
    assert rows(connection, SETTINGS) == settings
