"""A database of the platform with two users' notes."""

from collections.abc import Iterator

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from tests.conftest import PLATFORM_TEMPLATE, Copies, RunningStack, clone_database
from tests.integration.edge.console_api.client import Console

ALICE = "aaaaaaaa-0000-4000-8000-000000000001"
BOB = "bbbbbbbb-0000-4000-8000-000000000002"
_SCHEMA = f"""
create table public.notes (
  id bigint generated always as identity primary key,
  owner uuid not null default auth.uid(),
  text text not null,
  done boolean not null default false,
  parent bigint references public.notes (id)
);
alter table public.notes enable row level security;
create policy "own notes" on public.notes to authenticated using (owner = auth.uid());
create policy "done notes are final" on public.notes as restrictive for update using (not done);
create table public.secrets (id int primary key, value text);
alter table public.secrets enable row level security;
create table public.colours (name text primary key);
insert into public.colours values ('green'), ('red');
create view public.all_notes as select * from public.notes;
insert into auth.users (id, email, role, aud, raw_app_meta_data) values
  ('{ALICE}', 'alice@example.com', 'authenticated', 'authenticated', '{{"team": "north"}}'),
  ('{BOB}', 'bob@example.com', 'authenticated', 'authenticated', '{{}}');
insert into public.notes (owner, text) values ('{ALICE}', 'hers'), ('{BOB}', 'his');
"""


@pytest.fixture
def database(copies: Copies, cluster: Cluster) -> Iterator[str]:
    for name in clone_database(copies(PLATFORM_TEMPLATE)):
        with psycopg.connect(cluster.dsn(name, user="postgres"), autocommit=True) as connection:
            connection.execute(_SCHEMA.encode())
        yield name


@pytest.fixture
def dsn(cluster: Cluster, database: str) -> str:
    return cluster.dsn(database)


@pytest.fixture
def console(stack: RunningStack) -> Iterator[Console]:
    console = Console(stack)
    console.create()
    yield console
    console.execute(f"drop table if exists public.{console.table}")
