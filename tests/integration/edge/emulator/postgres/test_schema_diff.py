"""The SQL of a difference, applied to the migrations' database, makes the local one's dump."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.execute import execute_script
from edge.emulator.postgres.schema_diff import Difference, Target, find_difference
from edge.emulator.postgres.schema_dump import Key, Schema, dump_schema
from edge.emulator.postgres.script import parse_script
from tests.conftest import PLATFORM_TEMPLATE, Copies, clone_database

MIGRATIONS = """
create type public.mood as enum ('good', 'bad');
create type public.pair as (a int, b int);
create table public.authors (id bigint generated always as identity primary key, name text);
create table public.notes (
  id serial primary key, author bigint references public.authors, title varchar(20) default 'x',
  body text not null, amount int default 1, feeling public.mood default 'good', old text,
  constraint positive check (amount > 0)
);
create table public.gone (id int primary key, note int references public.notes);
create index notes_title on public.notes (title);
create view public.moods as select feeling from public.notes;
create domain public.short as text check (length(value) < 9);
alter table public.notes add moods public.mood[], add short public.short;
create policy moods on public.notes using (feeling = 'good');
create view public.titles as select id, title from public.notes;
create view public.upper_titles as select id, upper(title) as title from public.titles;
create function public.one() returns int language sql as 'select 1';
create function public.touch() returns trigger language plpgsql as 'begin return new; end';
create trigger touch before update on public.notes for each row execute function public.touch();
alter table public.notes enable row level security;
create policy "read all" on public.notes for select using (amount > 0);
comment on table public.notes is 'Notes';
"""
Found = Callable[[str], tuple[Difference, list[str]]]


def execute(dsn: str, text: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        execute_script(connection, parse_script(Path("changes.sql"), text))


def is_same(made: Schema, wanted: Schema, key: Key) -> bool:
    return key in made and key in wanted and made[key].equals(wanted[key])


@pytest.fixture(scope="module")
def migrated(cluster: Cluster) -> str:
    """The name of a template database with the platform's schemas and the migrations."""
    name = "schema_diff_template"
    cluster.create_database(name, template=PLATFORM_TEMPLATE)
    execute(cluster.dsn(name, user="postgres"), MIGRATIONS)
    return name


@pytest.fixture
def databases(copies: Copies, migrated: str) -> Iterator[tuple[str, str, str]]:
    """Name three migrated databases: scratch, local, and one to apply to."""
    clones = [clone_database(copies(migrated)) for _ in range(3)]
    first, second, third = (next(clone) for clone in clones)
    yield first, second, third
    for clone in clones:
        next(clone, None)


@pytest.fixture
def find(cluster: Cluster, databases: tuple[str, str, str]) -> Found:
    """Change a local database, and return the difference and what is unlike after applying it."""

    def call(changes: str) -> tuple[Difference, list[str]]:
        scratch, local, applied = (cluster.dsn(name, user="postgres") for name in databases)
        execute(local, changes)
        target = cluster.dsn(databases[1])
        difference = find_difference(scratch, cluster.dsn(databases[0]), Target(target))
        execute(applied, difference.as_sql())
        made, wanted = dump_schema(cluster.dsn(databases[2])), dump_schema(target)
        unlike = [key for key in {**made, **wanted} if not is_same(made, wanted, key)]
        return difference, [" ".join(key) for key in unlike]

    return call


CASES = {
    "nothing": "",
    "a new table with everything": """
      create schema private;
      create table private.tags (id uuid primary key default gen_random_uuid(), "Na""me" text,
        note int references public.notes on delete cascade, unique ("Na""me"));
      alter table private.tags enable row level security;
      alter table private.tags force row level security;
      create policy "it's mine" on private.tags to authenticated using (auth.uid() = id);
      grant select, update ("Na""me") on private.tags to anon;
      create index on private.tags using gin (to_tsvector('english', "Na""me"));
      comment on column private.tags.id is 'it''s; an id';
      create materialized view private.counts as select count(*) from private.tags;
      create domain private.short as text check (length(value) < 9);
      create sequence private.numbers increment 5;
      create statistics private.stats on id, note from private.tags;
    """,
    "columns": """
      alter table public.notes drop column old, add column extra jsonb not null default '{}',
        alter body drop not null, alter amount set default 2, alter amount set not null,
        add column twice int generated always as (amount * 2) stored;
      alter table public.authors alter id set generated by default, add age int check (age > 0);
    """,
    "types that views, policies and defaults use": """
      drop view public.upper_titles, public.titles; drop policy "read all" on public.notes;
      alter table public.notes alter title type text, alter amount type bigint;
      create view public.titles with (security_invoker) as select id, title from public.notes;
      create view public.upper_titles as select id, upper(title) as title from public.titles;
      create policy "read all" on public.notes for select using (amount > 0);
    """,
    "a dropped column that views use": """
      drop view public.upper_titles, public.titles;
      alter table public.notes drop column title;
      create view public.titles as select id, body as title from public.notes;
    """,
    "constraints, keys and indexes": """
      alter table public.notes drop constraint positive, add constraint positive check (amount > 1);
      alter table public.notes drop constraint notes_author_fkey,
        add foreign key (author) references public.authors on delete set null;
      alter table public.gone drop constraint gone_note_fkey;
      alter table public.notes drop constraint notes_pkey, add primary key (id, body);
      drop index public.notes_title; create unique index notes_title on public.notes (lower(title));
    """,
    "functions, triggers and policies": """
      drop function public.one(); create function public.one() returns text language sql
        as $$ select ';--
-- Name: x; Type: TABLE; Schema: public; Owner: -
' $$;
      create function public.one(integer, text[]) returns setof public.notes language sql
        security definer set search_path = '' as 'select * from public.notes';
      create or replace function public.touch() returns trigger language plpgsql
        as 'begin new.body = 1; return new; end';
      drop trigger touch on public.notes;
      create trigger touch after insert or update of title on public.notes for each row
        when (new.title is not null) execute function public.touch();
      drop policy "read all" on public.notes;
      create policy "read all" on public.notes for all to authenticated
        using (true) with check (amount > 3);
      alter table public.notes disable row level security;
      revoke execute on function public.one() from public, anon;
      create trigger on_user after insert on auth.users
        for each row execute function public.touch();
      create policy mine on storage.objects for select using (bucket_id = 'mine');
    """,
    "types": """
      alter type public.mood add value 'best' before 'good'; alter type public.mood add value 'odd';
      create type public.state as enum ('a', 'b'); alter table public.notes add s public.state;
      drop type public.pair; create type public.pair as (a int, c text);
    """,
    "rights, comments and publications": """
      revoke all on public.notes from anon; revoke insert on public.notes from authenticated;
      grant select (body) on public.notes to anon;
      comment on table public.notes is null; comment on column public.notes.id is 'new';
      alter publication supabase_realtime add table public.notes;
      alter table public.notes replica identity full;
      alter default privileges in schema public revoke execute on functions from anon;
      create extension if not exists citext with schema extensions;
    """,
    "an enum that loses values, a domain and an array": """
      drop view public.moods; drop policy moods on public.notes;
      alter table public.notes alter feeling drop default;
      alter table public.notes alter feeling type text, drop moods;
      drop type public.mood; create type public.mood as enum ('bad', 'new');
      alter table public.notes alter feeling type public.mood using 'bad';
      alter table public.notes alter feeling set default 'bad',
        add moods public.mood[] default '{bad}';
      create policy moods on public.notes using (feeling = 'bad');
      alter domain public.short add check (value <> '');
    """,
    "a renamed value, constraint and table": """
      alter type public.mood rename value 'bad' to 'sad';
      alter table public.authors rename to writers;
      alter table public.notes rename constraint positive to above_zero;
    """,
    "another schema": """
      create schema other; alter table public.authors set schema other;
      alter type public.mood set schema other; alter function public.touch() set schema other;
    """,
    "a new enum value that is used at once": """
      alter type public.mood add value 'best';
      alter table public.notes alter feeling set default 'best';
    """,
    "functions that constraints, defaults, views and generated columns use": """
      create function public.two(a int) returns int immutable language sql as 'select a';
      create table public.users (a int default public.two(1), check (public.two(a) > 0),
        b int generated always as (public.two(a)) stored);
      create view public.twos as select public.two(id) as id from public.notes;
      create rule nothing as on delete to public.twos do instead nothing;
    """,
    "changed functions that others use": """
      drop function public.one() cascade;
      create function public.one() returns bigint language sql as 'select 2::bigint';
      create view public.ones as select public.one() as one;
      alter function public.touch() security definer; grant all on public.ones to anon;
      revoke all on public.ones from authenticated;
    """,
    "tables that refer to each other": """
      create table public.a (id int primary key, other int);
      create table public.b (id int primary key, other int references public.a);
      alter table public.a add foreign key (other) references public.b deferrable;
    """,
    "identity, sequences and storage": """
      alter table public.authors alter id drop identity;
      alter table public.notes alter id drop default; drop sequence public.notes_id_seq;
      alter table public.notes alter id add generated by default as identity;
      alter table public.notes alter body set storage external;
      alter table public.notes alter body type varchar(9) collate "C";
    """,
    "drops": """
      drop table public.gone; drop view public.upper_titles, public.titles, public.moods;
      drop table public.notes, public.authors; drop domain public.short; drop type public.mood;
      drop function public.one(), public.touch(); drop type public.pair;
    """,
    "partitions and inheritance": """
      create table public.events (at date not null, id int) partition by range (at);
      create table public.events_1 partition of public.events
        for values from ('2026-01-01') to ('2027-01-01');
      create index on public.events (at);
    """,
}


@pytest.mark.parametrize("case", CASES)
def test_the_sql_makes_the_local_schema(find: Found, case: str) -> None:
    difference, unlike = find(CASES[case])

    assert (unlike, difference.unresolved) == ([], []), difference.as_sql()
    assert difference.is_empty == (case == "nothing")


def test_what_cannot_be_made_is_listed_with_its_definition(find: Found) -> None:
    difference, unlike = find("alter table public.authors set (fillfactor = 50)")

    assert unlike == ["TABLE public authors"]
    assert "-- WITH (\"fillfactor\"='50');" in "\n".join(difference.unresolved)


def test_a_probable_rename_is_said(find: Found) -> None:
    difference, unlike = find("alter table public.notes rename old to new")

    assert not unlike
    assert "RENAME COLUMN" in difference.as_sql()
