"""From `edge start` to the first REST answer of a project with 50 migrations, against psql.

The peer is psql alone: the same files, one after the other, in a new database of a server that runs
already. Ours is the whole: the server is created, the platform's schemas and the migrations are
applied, the data API reads the schema and answers. They take turns.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.first_answer import wait_for
from bench.support.machine import print_machine
from bench.support.statistics import Series
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.install import binaries
from edge.emulator.postgres.migrations import bootstrap
from tests.support.processes import free_port, python, running

_MIGRATIONS: Final = 50
_MIGRATION: Final = """
create table public.table_{n} (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null default auth.uid() references auth.users on delete cascade,
  title text not null check (length(title) < 200),
  details jsonb default '{{}}',
  created_at timestamptz not null default now()
);
create index table_{n}_owner on public.table_{n} (owner_id, created_at desc);
alter table public.table_{n} enable row level security;
create policy "Own rows" on public.table_{n} to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));
create function public.count_{n}() returns text language sql stable
  as $$ select 'rows: ' || count(*) from public.table_{n} $$;
insert into storage.buckets (id, name) values ('bucket_{n}', 'bucket_{n}');
"""


def write_project(folder: Path) -> list[Path]:
    """Write the migrations, and return their paths in order."""
    migrations = folder / "supabase/migrations"
    migrations.mkdir(parents=True)
    paths = [migrations / f"202401010000{n:02d}_table.sql" for n in range(_MIGRATIONS)]
    for n, path in enumerate(paths):
        path.write_text(_MIGRATION.format(n=n))
    return paths


def measure_ours(folder: Path) -> float:
    """Milliseconds until `edge start` answers for the last migration's function."""
    shutil.rmtree(folder / ".edge", ignore_errors=True)
    port, db_port = free_port(), free_port()
    ports = ("--port", str(port), "--db-port", str(db_port))
    began = time.perf_counter()
    with running(python("-m", "edge", "start", *ports, "--workdir", str(folder))):
        wait_for(port, f"/rest/v1/rpc/count_{_MIGRATIONS - 1}", b'"rows: 0"')
        return (time.perf_counter() - began) * 1000


def measure_psql(server: Cluster, paths: list[Path]) -> float:
    """Milliseconds of psql for the same files, in a database with the platform's schemas."""
    dsn = server.create_database("peer", template="prepared")
    began = time.perf_counter()
    for path in paths:
        command = [str(binaries() / "psql"), dsn, "-q", "-1", "-v", "ON_ERROR_STOP=1", "-f"]
        subprocess.run([*command, str(path)], check=True, stdout=subprocess.DEVNULL)
    elapsed = (time.perf_counter() - began) * 1000
    server.drop_database("peer")
    return elapsed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="one start of each in each")
    options = parser.parse_args()
    print_machine()
    with tempfile.TemporaryDirectory() as place:
        paths = write_project(Path(place, "project"))
        server = Cluster(Path(place, "server"))
        server.start()
        try:
            bootstrap(server.create_database("prepared"))
            measure_ours(Path(place, "project"))  # so that bytecode and files are there
            ours, theirs = list[float](), list[float]()
            for _ in range(options.rounds):
                ours.append(measure_ours(Path(place, "project")))
                theirs.append(measure_psql(server, paths))
        finally:
            server.stop()
    edge = Series(f"edge start, {_MIGRATIONS} migrations, REST", ours)
    psql = Series(f"psql alone, {_MIGRATIONS} migrations", theirs)
    print(edge)
    print(psql)
    print(f"{edge.name} takes {edge.p50 / psql.p50:.1f} times as long as {psql.name}")


if __name__ == "__main__":
    main()
