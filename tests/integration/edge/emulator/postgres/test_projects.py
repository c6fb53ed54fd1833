"""Small projects with the statements of real ones: every file is applied, every seed runs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.local_database import plan_schema
from edge.emulator.postgres.migrations import bootstrap
from edge.emulator.postgres.project_schema import Outcome, apply_plan
from edge.project.settings import load_settings
from tests.support.paths import ROOT

_PROJECTS = ROOT / "tests" / "projects"
_EXPECTED = {
    "profiles_on_signup": "select name from public.profiles",
    "pulled_schema": "select column_default from information_schema.columns"
    " where table_name = 'tickets' and column_name = 'state'",
    "buckets_and_policies": "select string_agg(title, ', ' order by albums.id) || buckets.id"
    " from public.albums, storage.buckets where public and buckets.id = 'images'"
    " group by buckets.id",
    "jobs_and_hooks": "select decrypted_secret from vault.decrypted_secrets"
    " where name = 'project_url'",
    "team_board": "select count(*) from pg_policies where tablename in ('cards', 'objects')"
    " and policyname in ('Members write cards', 'Own avatar')",
    "vector_search": "select string_agg(body, ', ') from public.match_documents('[1,0,0]')",
    "live_messages": "select topic like 'room:%' from realtime.messages",
    "shop_orders": "select products from public.product_counts",
    "work_queues": "select message ->> 'to' from pgmq.read('emails', 1, 1)",
    "installed_extension": "select text from public.greetings",
    "own_schema": "select string_agg(name, ', ' order by name) from api.files",
    "folder with spaces": 'select "Für wen" || größe from public.letters',
}
_ROWS = {
    "profiles_on_signup": "Ann",
    "pulled_schema": "'late'::ticket_state",
    "buckets_and_policies": "first, secondimages",
    "jobs_and_hooks": "http://127.0.0.1:54321",
    "team_board": 2,
    "vector_search": "near, far",
    "live_messages": True,
    "shop_orders": 2,
    "work_queues": "ann@example.com",
    "installed_extension": "Hello Ann",
    "own_schema": "file10, file9",  # by code points: the local Postgres has no ICU
    "folder with spaces": "Zoë1",
}


@pytest.fixture
def empty(cluster: Cluster, database: str) -> Iterator[str]:
    """Yield the name of a database as a new project's is, without this repository's schema."""
    name = f"{database}_empty"
    bootstrap(cluster.create_database(name))
    yield name
    cluster.drop_database(name)
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute("drop role if exists reporting")
        connection.execute("drop role if exists app_reader")
        connection.execute("alter role authenticator reset pgrst.db_pre_request")
        connection.execute("alter role authenticator reset pgrst.db_max_rows")


def _apply(cluster: Cluster, name: str, project: Path) -> Outcome:
    settings = load_settings(project, environ={})
    return apply_plan(cluster.dsn(name, user="postgres"), plan_schema(settings))


@pytest.mark.parametrize("name", sorted(_EXPECTED))
def test_a_project_of_the_field_s_shape_is_applied_whole(
    cluster: Cluster, empty: str, tmp_path: Path, name: str
) -> None:
    project = tmp_path / name
    shutil.copytree(_PROJECTS / name, project)

    outcome = _apply(cluster, empty, project)
    again = _apply(cluster, empty, project)

    assert [blocker.describe(project) for blocker in outcome.blockers] == []
    assert len(outcome.applied) == len(list(project.glob("supabase/migrations/*.sql")))
    assert (again.applied, again.seeded) == ([], [])
    with psycopg.connect(cluster.dsn(empty)) as connection:
        assert connection.execute(_EXPECTED[name].encode()).fetchone() == (_ROWS[name],)
