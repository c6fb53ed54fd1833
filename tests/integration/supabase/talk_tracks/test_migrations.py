"""The migrations of talk tracks, applied to a database with rows."""

import psycopg

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.migrations import bootstrap, find_migrations, migrate
from tests.support.paths import ROOT
from tests.support.talk_tracks.database import add_owner

MIGRATIONS = ROOT / "supabase/migrations"
FIRST = "20261121002000"


def test_the_migrations_keep_existing_rows(cluster: Cluster) -> None:
    everything = find_migrations(MIGRATIONS)
    before = [migration for migration in everything if migration.version < FIRST]
    assert 0 < len(before) < len(everything)
    bootstrap(cluster.create_database("filled"))
    try:
        migrate(cluster.dsn("filled", user="postgres"), before)
        with psycopg.connect(cluster.dsn("filled"), autocommit=True) as connection:
            connection.execute("insert into auth.users (id) values (gen_random_uuid())")
            connection.execute("insert into public.videos (video_id, collection_id) values (1, 1)")

        migrate(cluster.dsn("filled", user="postgres"), everything)

        with psycopg.connect(cluster.dsn("filled"), autocommit=True) as connection:
            owner = add_owner(connection)
            assert owner.claim(owner.add_job())["claimed"]
            assert owner.ask("select count(*) from public.videos") == 1
    finally:
        cluster.drop_database("filled")
