"""A campaign of any size, on a Postgres of its own that has every migration."""

import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap, find_migrations, migrate
from tests.support.processes import ROOT

# Open at all hours and without a rate limit: the database is measured.
_SETUP: Final = """
insert into public.organizations (id, name) values (%(organization)s, 'Large');
insert into public.agents (id, organization_id, name, retell_agent_id)
    values (%(agent)s, %(organization)s, 'Ada', 'agent_large');
insert into public.phone_numbers (organization_id, phone_number, is_primary)
    values (%(organization)s, '+12125550100', true);
insert into public.dial_pace
    (organization_id, concurrency_limit, current_limit, calls_per_second, tokens)
    values (%(organization)s, 100000, 100000, 100000, 100000);
insert into public.call_campaigns
    (id, organization_id, agent_id, name, status, opens_at, closes_at, calling_days, max_attempts)
    values (%(campaign)s, %(organization)s, %(agent)s, 'Large', 'active', '00:00', '24:00',
            '{1,2,3,4,5,6,7}', %(attempts)s);
insert into public.campaign_contacts
    (campaign_id, organization_id, name, phone, time_zones, next_attempt_at)
    select %(campaign)s, %(organization)s, 'Person ' || n, '+1' || (2120000000 + n),
        '{America/New_York}', coalesce(%(due_at)s::timestamptz, now() - interval '1 hour')
    from generate_series(1, %(contacts)s) as n;
"""


@contextmanager
def cluster_with(database: str) -> Generator[Cluster]:
    """A new Postgres with a migrated database of that name."""
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
        cluster = Cluster(Path(folder) / "data")
        cluster.start()
        try:
            bootstrap(cluster.create_database(database))
            migrations = find_migrations(ROOT / "supabase/migrations")
            migrate(cluster.dsn(database, user="postgres"), migrations)
            yield cluster
        finally:
            cluster.stop()


def fill(connection: psycopg.Connection[Any], contacts: int, **wanted: Any) -> str:
    """Make the active campaign; its id. `attempts` at most for each contact, `due_at` a moment."""
    campaign = str(uuid4())
    values: Mapping[str, Any] = {
        "organization": str(uuid4()),
        "agent": str(uuid4()),
        "campaign": campaign,
        "contacts": contacts,
        "attempts": 3,
        "due_at": None,
        **wanted,
    }
    psycopg.ClientCursor(connection).execute(_SETUP, values)
    connection.execute("vacuum analyze")
    return campaign
