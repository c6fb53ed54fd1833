"""Statements that take something away from code that runs, and those that do not."""

import pytest

from edge.deploy.migrations.removals import adds, find_removals

REMOVING = [
    "drop table notes",
    "DROP TABLE IF EXISTS public.notes CASCADE",
    "drop view v",
    "drop function f(int)",
    "drop type mood",
    "drop schema old cascade",
    "-- a comment\ndrop policy p on notes",
    "alter table notes drop column body",
    "alter table notes drop body",
    "alter table only public.notes add column a int, drop column body",
    "alter table notes rename column a to b",
    "alter table notes rename to papers",
    "alter table notes set schema private",
    "alter table notes alter column a type bigint",
    "alter table notes alter a set data type bigint",
    "alter table notes alter column a set not null",
    "alter table notes alter column a drop default",
    "alter table notes add constraint c check (a > 0)",
    "alter table notes add column b int not null",
    "alter table notes enable row level security",
    "alter view v rename to w",
    "alter type mood rename value 'a' to 'b'",
    "alter function f(int) rename to g",
    "alter policy p on notes using (true)",
    "create unique index on notes (a)",
    "revoke select on notes from anon",
    "revoke execute on function f(int) from anon",
]
HARMLESS = [
    "create table t (id int not null)",
    "alter table notes add column a int",
    "alter table notes add column a int not null default 0",
    "alter table notes drop constraint c",
    "alter table notes  drop  constraint c",
    "alter table notes alter column a drop not null",
    "alter table notes alter column a set default 1",
    "create index on notes (a)",
    "drop index i",
    "drop trigger t on notes",
    "create or replace function f(a int) returns int language sql as 'select 1; drop table x'",
    "create policy p on notes using (true)",
    "alter type mood add value 'c'",
    "grant select on notes to anon",
    "insert into notes values ('drop table notes')",
    "comment on table notes is 'drop column'",
    "/* drop table notes */ select 1",
]


@pytest.mark.parametrize("statement", REMOVING)
def test_a_removal_is_seen(statement: str) -> None:
    assert len(find_removals([statement], set())) == 1


@pytest.mark.parametrize("statement", HARMLESS)
def test_what_only_adds_is_not_one(statement: str) -> None:
    assert find_removals([statement], set()) == []


@pytest.mark.parametrize(
    "statements",
    [
        ("drop policy if exists p on notes", "create policy p on notes using (true)"),
        ("drop view if exists v", "create view v as select 1"),
        ("create table t (a int)", "alter table t enable row level security"),
        ("create table public.t (a int)", "alter table t add constraint c check (a > 0)"),
        ("create table if not exists t (a int)", "create unique index on t (a)"),
        ("create function f(a int) returns int", "revoke execute on function f(int) from public"),
    ],
)
def test_what_is_made_anew_or_replaced_is_no_removal(statements: tuple[str, ...]) -> None:
    assert find_removals(statements, set()) == []


def test_a_table_of_an_earlier_pending_migration_is_new() -> None:
    made = set[str]()
    find_removals(["create table t (a int)"], made)

    assert find_removals(["alter table t drop column a"], made) == []


def test_what_new_code_needs_is_told_from_the_rest() -> None:
    assert adds(["create table t (a int)"])
    assert adds(["alter table t add column b int"])
    assert not adds(
        ["drop table t", "create index on t (a)", "alter table t add constraint c check (a)"]
    )
