"""What fails because something failed before is listed under that, not as a cause of its own."""

from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.project_schema import check_plan, read_plan


@pytest.fixture
def dsn(cluster: Cluster, database: str) -> str:
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        connection.execute("truncate supabase_migrations.schema_migrations")
    return cluster.dsn(database, user="postgres")


def causes(dsn: str, folder: Path, *statements: str) -> list[tuple[int, str]]:
    (folder / "migrations").mkdir()
    (folder / "migrations/1_a.sql").write_text(";\n".join(statements))
    return [(blocker.line, blocker.cause) for blocker in check_plan(dsn, read_plan(folder))]


_TABLES = (
    "create table plans (id int primary key, name text);"
    "create table features (id int, plan int not null references plans)"
)
_REFUSED = "create type kind as (at nowhere.kind)"
_NO_KIND = "nowhere is created by no migration."
_FOLLOWS = [
    # names
    (_REFUSED, "create function f(public.kind) returns int language sql as 'select 1'"),
    (_REFUSED, "create table t (kinds public.kind[])"),
    ('create table "Places" (at nowhere.kind)', 'create index on "Places" (at)'),
    # rows
    (
        "insert into plans values (1, nowhere.name())",
        "insert into features values (1, 1)",
    ),
    (
        "insert into plans values (1, nowhere.name())",
        "insert into features select 1, (select id from plans where name = 'free')",
    ),
    (
        "update plans set name = nowhere.name()",
        "do $$ declare i int; begin select id into strict i from public.plans; end $$",
    ),
    # changes
    (
        "alter table features add constraint k primary key (id), add column at nowhere.kind",
        "create table f (id int references features (id))",
    ),
    (
        "create unique index i on features (id, nowhere.name())",
        "insert into features select 1, 1 where false on conflict (id) do nothing",
    ),
    # a project's own checks
    (
        "create table later (at nowhere.kind)",
        "do $$ begin if to_regclass('public.later') is null then raise 'missing'; end if; end $$",
    ),
]


@pytest.mark.parametrize(("first", "second"), _FOLLOWS)
def test_a_consequence_has_the_cause_of_what_failed_before(
    dsn: str, tmp_path: Path, first: str, second: str
) -> None:
    found = causes(dsn, tmp_path, _TABLES, first, second)

    assert found == [(2, _NO_KIND), (3, _NO_KIND)]


def test_rights_of_what_a_refused_extension_would_have_made_are_its_consequence(
    dsn: str, tmp_path: Path
) -> None:
    found = causes(
        dsn,
        tmp_path,
        "create extension pg_partman schema partman",
        "select partman.create_parent('public.x')",
        "grant all on all tables in schema partman to postgres",
        "create extension postgis_topology",
        "grant usage on schema topology to anon",
    )

    assert [line for line, _ in found] == [1, 2, 3, 4, 5]
    assert {cause for _, cause in found[:3]} == {"The local Postgres has no extension pg_partman."}
    assert {cause for _, cause in found[3:]} == {
        "The local Postgres has no extension postgis_topology."
    }


def test_a_name_that_no_table_was_to_have_is_no_consequence(dsn: str, tmp_path: Path) -> None:
    found = causes(
        dsn,
        tmp_path,
        _TABLES,
        "create policy p on plans using (nowhere.name())",
        "insert into features values (1, 7)",
        "do $$ declare p int; begin select id into strict p from public.plans; end $$",
    )

    assert found == [
        (2, _NO_KIND),
        (3, "A statement needs rows that this database does not have."),
        (4, "query returned no rows (P0002)"),
    ]


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        ("select current_setting('app.base_url')", "The setting app.base_url is made by no"),
        ("set nonsense = 1", 'unrecognized configuration parameter "nonsense" (42704)'),
        ("select x.id from plans", 'missing FROM-clause entry for table "x" (42P01)'),
        ("alter table plans add unique (at)", "at is created by no migration."),
        ("select 'public.late(int)'::regprocedure", "late is created by no migration."),
    ],
)
def test_what_is_no_object_is_not_said_to_be_created(
    dsn: str, tmp_path: Path, statement: str, cause: str
) -> None:
    [(line, found)] = causes(dsn, tmp_path, _TABLES, statement)

    assert (line, found[: len(cause)]) == (2, cause)


def test_a_check_records_the_files_that_later_ones_ask_for(dsn: str, tmp_path: Path) -> None:
    ask = (
        "do $$ begin if not exists (select from supabase_migrations.schema_migrations where version"
        " = '{}') then raise exception 'not there'; end if; end $$;"
    )
    (tmp_path / "migrations").mkdir()
    for name, text in {
        "1_a": "set role anon",
        "2_b": "select nothing()",
        "3_c": ask.format(1) + ask.format(2),
    }.items():
        (tmp_path / f"migrations/{name}.sql").write_text(text)

    [blocker] = check_plan(dsn, read_plan(tmp_path))

    assert blocker.path.name == "2_b.sql"
    with psycopg.connect(dsn) as connection:
        history = "select count(*) from supabase_migrations.schema_migrations"
        assert connection.execute(history.encode()).fetchone() == (0,)


_SECOND = """\
-- it's here
create table if not exists Public.notes (
  id int primary key, -- a key's, (
  title text default 'a,b', /* ) */
  "Body" numeric(10, 2),
  constraint one unique (id, title)
)"""


@pytest.mark.parametrize(
    ("column", "statement"),
    [
        ("title", "create index on public.notes (title)"),
        ("Body", 'insert into notes (id, "Body") values (1, 2)'),
        ("title", "create view titles as select n.title from notes n"),
        ("title", "comment on column notes.title is 'x'"),
    ],
)
def test_a_column_of_a_second_create_table_is_said_to_be_there(
    dsn: str, tmp_path: Path, column: str, statement: str
) -> None:
    first = "create table if not exists notes (id int)"

    [(_, cause)] = causes(dsn, tmp_path, first, _SECOND, statement)

    assert cause == (
        f"{column} is in a second `create table if not exists notes`, by 1_a.sql:3:"
        " the table is there, by 1_a.sql:1."
    )


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ("alter table notes drop title", "title of 1_a.sql:3 is not there any more."),
        ("alter table notes drop title, drop id", "title of 1_a.sql:3 is not there any more."),
        ("alter table notes drop two", "two is created by no migration."),
    ],
)
def test_a_column_that_was_dropped_or_never_made_is_told_apart(
    dsn: str, tmp_path: Path, change: str, cause: str
) -> None:
    found = causes(dsn, tmp_path, f"select 1;\n{_SECOND}", change, "select title from notes")

    assert cause in {each for _, each in found}
