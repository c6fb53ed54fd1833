"""Migrations, seeds and roles of a project: what is applied, and the list of what is not."""

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.blockers import describe_blockers
from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.project_schema import Outcome, apply_plan, check_plan, read_plan
from edge.project.config_toml import BucketConfig


@pytest.fixture
def project(tmp_path: Path, cluster: Cluster, database: str) -> "Project":
    with psycopg.connect(cluster.dsn(database), autocommit=True) as connection:
        connection.execute("truncate supabase_migrations.schema_migrations")
    (tmp_path / "supabase/migrations").mkdir(parents=True)
    return Project(tmp_path / "supabase", cluster.dsn(database, user="postgres"))


class Project:
    """A supabase/ folder and a database without migrations."""

    def __init__(self, supabase: Path, dsn: str) -> None:
        self.supabase = supabase
        self.dsn = dsn

    def write(self, **files: str) -> None:
        for number, (name, text) in enumerate(files.items(), 1):
            (self.supabase / f"migrations/{number:03d}_{name}.sql").write_text(text)

    def apply(self, *patterns: str, keep_going: bool = False) -> Outcome:
        plan = read_plan(self.supabase, seed_patterns=patterns or ("./seed.sql",))
        return apply_plan(self.dsn, plan, keep_going=keep_going)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(statement.encode()).fetchall()


_FILES = {
    "first": "create table public.kept (id int);",
    "second": (
        "create table public.made (id int);\n"
        "create extension timescaledb;\n"
        "create table public.needs (id int references public.never_made);\n"
        "select 1 from public.made;\n"
    ),
    "third": "alter table public.needs add column x int;\ncreate table public.last ();",
}


def test_everything_that_fails_is_listed_by_cause_and_what_went_before_stays(
    project: Project,
) -> None:
    project.write(**_FILES)

    outcome = project.apply()

    assert [m.name for m in outcome.applied] == ["first"]
    assert [m.name for m in outcome.left] == ["second", "third"]
    places = [(b.path.name, b.line, b.cause) for b in outcome.blockers]
    assert places == [
        ("002_second.sql", 2, "The local Postgres has no extension timescaledb."),
        ("002_second.sql", 3, "never_made is created by no migration."),
        ("003_third.sql", 1, "never_made is created by no migration."),
    ]
    assert project.rows("select to_regclass('public.kept'), to_regclass('public.made')") == [
        ("kept", None)
    ]
    text = "\n".join(describe_blockers(outcome.blockers, project.supabase.parent))
    assert "supabase/migrations/002_second.sql:3: relation" in text
    assert "create table public.needs (id int references" in text


def test_the_next_start_tries_again(project: Project) -> None:
    project.write(**_FILES)
    project.apply()
    project.write(**{**_FILES, "second": "create table public.needs ()"})

    outcome = project.apply()

    assert [m.name for m in outcome.applied] == ["second", "third"]
    assert not outcome.blockers


def test_keep_going_leaves_out_what_fails_and_records_the_files(project: Project) -> None:
    project.write(**_FILES)

    outcome = project.apply(keep_going=True)

    assert [m.name for m in outcome.applied] == ["first", "second", "third"]
    assert outcome.left_out == 3
    assert project.rows("select to_regclass('public.made'), to_regclass('public.last')") == [
        ("made", "last")
    ]
    assert project.apply().applied == []


def test_check_tries_everything_and_changes_nothing(project: Project) -> None:
    project.write(**_FILES)

    blockers = check_plan(project.dsn, read_plan(project.supabase))

    assert len(blockers) == 3
    assert project.rows("select to_regclass('public.kept')") == [(None,)]
    assert project.rows("select count(*) from supabase_migrations.schema_migrations") == [(0,)]


def test_check_makes_what_later_files_need_of_another_transaction(project: Project) -> None:
    project.write(
        kinds="create schema app; create type app.kind as enum ('b', 'd'); create type state as"
        " enum ('open'); create table things (id int, kind app.kind, state state default 'open');"
        "create view kinds as select 'b'::app.kind as kind",
        values="alter type app.kind add value 'a' before 'b'; alter type app.kind add value 'it''s'"
        "; alter type state add value 'done'",
        used="create function is_a(app.kind) returns boolean language sql as"
        " $$ select $1 = 'a' and $1 <> 'it''s' $$;"
        "create policy p on things using (kind = 'a' or state = 'done');"
        "alter table things alter state set default 'done'; insert into things values (1, 'a');"
        "create index concurrently things_a on things (id) where kind = 'a';",
        later="set role authenticator; reset role; comment on function is_a(app.kind) is 'x';"
        "do $$ begin assert (select is_a(kind) and state = 'done' and kind < 'b' from things);"
        " end $$; comment on index things_a is 'x'; drop index concurrently things_a;"
        "create index things_a on things (id);",
    )

    assert check_plan(project.dsn, read_plan(project.supabase)) == []
    assert project.rows("select to_regtype('app.kind')") == [(None,)]
    assert project.apply().blockers == []


def test_check_takes_what_needs_a_transaction_of_its_own_for_right(project: Project) -> None:
    project.write(
        one="create type mood as enum ('a'); alter type mood add value 'b'; select 'b'::mood;"
        "create table t (id int); create index concurrently i on t (id); vacuum t;"
        "begin; insert into t values (1); commit; create role anon;"
    )

    assert check_plan(project.dsn, read_plan(project.supabase)) == []


def test_check_creates_the_extension_of_an_index_that_is_built_concurrently(
    project: Project,
) -> None:
    project.write(
        one="create table words (w text); create index concurrently words_w on words"
        " using gin (w extensions.gin_trgm_ops);\n"
        "create index concurrently bad\n on words (lower(n));"
    )

    blockers = check_plan(project.dsn, read_plan(project.supabase))

    assert [blocker.line for blocker in blockers] == [3]


def test_a_file_in_another_encoding_is_a_blocker_of_one_line(project: Project) -> None:
    project.write(good="create table good ();", bad="select 1;", later="create table later ();")
    (project.supabase / "migrations/002_bad.sql").write_bytes("-- Résumé\n".encode("latin-1"))

    outcome = project.apply()

    assert [m.name for m in outcome.applied] == ["good"]
    root = project.supabase.parent
    assert [b.describe(root) for b in outcome.blockers] == [
        "supabase/migrations/002_bad.sql:1: byte 0xe9 is not UTF-8, so no Postgres takes this file"
        " (SQLSTATE 22021)"
    ]


def test_seeds_run_once_in_order_after_roles_and_migrations(project: Project) -> None:
    project.write(t="create table public.t (n int, at timestamptz default clock_timestamp());")
    seeds = project.supabase / "seeds"
    seeds.mkdir()
    (seeds / "b.sql").write_text("insert into public.t values (2);")
    (seeds / "a.sql").write_text("insert into public.t values (1);")
    (project.supabase / "last.sql").write_text(
        "begin;\ncopy public.t (n) from stdin;\n3\n\\.\ncommit;\n"
    )

    outcome = project.apply("seeds/*.sql", "./last.sql", "seeds/a.sql", "missing/*.sql")
    again = project.apply("seeds/*.sql", "./last.sql")

    assert [path.name for path in outcome.seeded] == ["a.sql", "b.sql", "last.sql"]
    assert outcome.notes == ["db.seed.sql_paths: no file matches missing/*.sql"]
    assert again.seeded == []
    assert project.rows("select n from public.t order by at") == [(1,), (2,), (3,)]


def test_a_failing_seed_is_listed_and_tried_again(project: Project) -> None:
    project.write(t="create table public.t (n int);")
    seed = project.supabase / "seed.sql"
    seed.write_text("insert into public.t values (1);\ninsert into public.t values ('x');")

    outcome = project.apply()
    seed.write_text("insert into public.t values (1);")

    assert [(b.path.name, b.line) for b in outcome.blockers] == [("seed.sql", 2)]
    assert len(outcome.applied) == 1
    assert [path.name for path in project.apply().seeded] == ["seed.sql"]
    assert project.rows("select n from public.t") == [(1,)]


def test_a_failing_seed_leaves_sequences_where_they_were(project: Project) -> None:
    project.write(
        t="create table public.t (id int generated always as identity primary key, n int);"
        "create table public.part (t int references public.t);"
        "insert into public.t (n) values (0);"
    )
    seed = project.supabase / "seed.sql"
    rows = "insert into public.t (n) values (1), (2);\ninsert into public.part values (2), (3);\n"
    seed.write_text(rows + "insert into public.missing values (1);\n")

    outcome = project.apply()
    seed.write_text(rows)
    again = project.apply()

    assert [(b.line, b.sqlstate) for b in outcome.blockers] == [(3, "42P01")]
    assert again.blockers == []
    assert project.rows("select id from public.t order by id") == [(1,), (2,), (3,)]


def test_keep_going_leaves_out_the_statements_of_a_seed_that_fail(project: Project) -> None:
    project.write(t="create table public.t (id int generated always as identity, n int);")
    seed = project.supabase / "seed.sql"
    seed.write_text(
        "insert into public.t (n) values (1);\n"
        "insert into public.missing values (1);\n"
        "insert into public.t (n) values (2);\n"
    )

    outcome = project.apply(keep_going=True)

    assert outcome.left_out == 1
    assert [path.name for path in outcome.seeded] == ["seed.sql"]
    assert project.rows("select id, n from public.t order by id") == [(1, 1), (2, 2)]


def test_a_database_from_before_seeds_were_noted_is_not_seeded(project: Project) -> None:
    project.write(t="create table public.t (n int);")
    project.apply("none.sql")
    with psycopg.connect(project.dsn, autocommit=True) as connection:
        connection.execute("drop table supabase_migrations.seed_files")
    (project.supabase / "seed.sql").write_text("insert into public.t values (1);")

    assert project.apply().seeded == []


def test_a_thing_made_twice_names_the_first_place(project: Project) -> None:
    project.write(one="create table public.t ();", two="-- again\ncreate table public.t ();")

    [blocker] = project.apply().blockers

    assert blocker.cause == "t is created twice, first by 001_one.sql:1."


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("select 1 from vault.nothing", "The local Postgres has no vault.nothing."),
        ("insert into auth.users (moon) values (1)", "The local Postgres has no auth.users.moon"),
        ("select from public.later", "later is used before it is created, by 002_two.sql:1."),
        ("alter table public.named add x int", "named is created by rename_me.sql, which is not"),
        ("alter table public.kept add constraint c check (hue = 1)", "hue is created by no"),
        ("grant select on public.gone to anon", "gone is created by no migration."),
        ("create table wrong (", "The server cannot parse a statement."),
        ("insert into public.kept values (1), (1)", "A statement needs rows"),
        ("do $$ begin raise 'no'; end $$", "A function of the project refuses a statement"),
        ("alter role supabase_admin createdb", "The role postgres may not do this"),
        ("select lower(1, 2)", "Postgres has no lower(integer, integer)."),
        ("select public.crypt('a', 'b')", "crypt is in the schema extensions, not where"),
        ("select from prefixes", "prefixes is created by no migration."),
        ("select public.made(true)", "made of 000_base.sql:1 takes other arguments."),
        ("select from public.old", "old of 000_base.sql:3 is not there any more"),
        ("select late from public.kept", "late is used before it is created, by 002_two.sql:2."),
        ("select kept.late2 from public.kept", "late2 is created by no migration."),
        ("select k.late from public.kept k", "late is used before it is created, by 002"),
        ("alter publication supabase_realtime add table public.other", "Tables are added to the"),
        (
            "insert into auth.identities (user_id, provider, identity_data)"
            " values (gen_random_uuid(), 'email', '{}')",
            "auth.identities needs provider_id by now.",
        ),
        (
            "do $$ begin if has_table_privilege('anon', 'public.kept', 'select') then"
            " raise 'exposed'; end if; end $$",
            "A statement checks who may use what",
        ),
    ],
)
def test_causes_are_true_of_the_project(project: Project, text: str, cause: str) -> None:
    base = (
        "create function public.made(int) returns int language sql as 'select 1';\n"
        "create table public.other (); alter publication supabase_realtime add table public.other;"
        "\ncreate table public.old (); drop table public.old;"
    )
    (project.supabase / "migrations/000_base.sql").write_text(base)
    project.write(
        one=f"create table public.kept (id int primary key);\n{text};",
        two="create table public.later ();\n"
        "alter table public.kept add column late int; alter table other add column late2 int;",
    )
    (project.supabase / "migrations/rename_me.sql").write_text("create table named ();")

    [blocker] = project.apply().blockers

    assert blocker.line == 2
    assert blocker.cause.startswith(cause)
    assert "mend" not in blocker.cure.lower()


def test_old_files_may_delete_buckets(project: Project) -> None:
    project.write(one="delete from storage.objects; delete from storage.buckets where id = 'x';")

    assert project.apply().blockers == []


def test_extensions_that_the_dashboard_enables_are_created_where_they_are_used(
    project: Project,
) -> None:
    project.write(
        jobs="select cron.schedule('nightly', '0 3 * * *', 'select 1');",
        items="create table items (id uuid, room text, at tstzrange, v extensions.hstore,"
        " exclude using gist (id with =, at with &&));"
        "create index on items using gin (room gin_trgm_ops);",
        label="create table labels (name citext); create function f() returns real language sql"
        " return similarity('a', 'b');",
    )

    outcome = project.apply()

    assert not outcome.blockers
    extensions = ["pg_cron", "hstore", "btree_gist", "pg_trgm", "citext"]
    assert outcome.notes == [
        f"{name} is used, and created by no migration: created here, as the dashboard does"
        for name in extensions
    ]
    assert project.rows(
        "select extname, nspname from pg_extension join pg_namespace n on n.oid = extnamespace"
        " where extname in ('hstore', 'pg_cron') order by 1"
    ) == [("hstore", "extensions"), ("pg_cron", "pg_catalog")]


def test_the_list_of_what_fails_has_nothing_of_an_extension_that_was_created_for_it(
    project: Project,
) -> None:
    project.write(
        one="create table a (id int references never_made);\n"
        "create table b (name citext);\ncreate table c (id int references nothing);"
        "insert into b values ('x'); create table d (id int references nowhere); table b;",
    )

    outcome = project.apply()

    assert [b.cause for b in outcome.blockers] == [
        f"{name} is created by no migration." for name in ("never_made", "nothing", "nowhere")
    ]


def test_an_extension_that_a_later_file_creates_is_used_too_early(project: Project) -> None:
    project.write(
        one="create table a (v extensions.citext);", two="create extension citext schema extensions"
    )

    (blocker,) = project.apply().blockers

    assert blocker.cause == "citext is used before it is created, by 002_two.sql:1."


def test_what_needs_an_extension_that_is_not_there_has_that_as_its_cause(project: Project) -> None:
    project.write(
        one="create extension if not exists postgis with schema extensions;"
        "create table kept (id int); create table a (at extensions.geography(point, 4326));"
        "create function near() returns boolean language sql as"
        " 'select extensions.st_dwithin(null::float, null::float, 1)';",
    )

    blockers = project.apply().blockers

    assert {b.cause for b in blockers} == {"The local Postgres has no extension postgis."}
    assert len(blockers) == 3


def test_a_role_of_a_transaction_ends_with_it_in_a_check(project: Project) -> None:
    act = "begin; select set_config('role', 'authenticated', true); select auth.uid(); end;"
    project.write(one=f"create table t (id int); {act} alter table t add n int; {act}")

    assert check_plan(project.dsn, read_plan(project.supabase)) == []


def test_a_server_that_is_not_reached_is_named_as_the_cause(project: Project) -> None:
    project.write(
        one="create extension http schema extensions; create table made as"
        " select content from http_get('http://127.0.0.1:9/install.sql');",
        two="select content from made",
    )

    blockers = project.apply().blockers

    cause = "A statement asks 127.0.0.1, which this machine does not reach."
    assert [blocker.cause for blocker in blockers] == [cause] * 2


@pytest.mark.parametrize("version", ["version '0.1'", 'with version "0.1" cascade'])
def test_an_extension_in_a_version_that_is_not_there_is_created_in_another(
    project: Project, version: str
) -> None:
    project.write(
        one=f"select 1; -- a comment\ncreate extension if not exists pg_trgm {version};\n"
        "create function grams(text) returns text[] language sql return show_trgm($1);",
        two="alter extension pg_trgm update to '99'; alter extension pg_trgm update;",
    )

    assert check_plan(project.dsn, read_plan(project.supabase)) == []
    assert project.apply().blockers == []
    assert project.rows("select grams('a')") == [(["  a", " a "],)]
    recorded = "select statements[2] from supabase_migrations.schema_migrations where name = 'one'"
    assert "0.1" in str(project.rows(recorded))


def test_a_dump_may_grant_the_functions_of_an_empty_extension(project: Project) -> None:
    project.write(
        one='create extension pgaudit with schema "public";'
        'grant all on function "public"."pgaudit_ddl_command_end"() to "anon";'
    )

    assert not project.apply().blockers


def test_a_file_that_is_one_comment_without_end_is_listed(project: Project) -> None:
    project.write(
        one="/* see storage/* and so on */\ncreate table public.t ();" + "\nselect 1;" * 100,
        two="select 1;",
    )

    outcome = project.apply()

    assert [m.name for m in outcome.left] == ["one", "two"]
    [blocker] = outcome.blockers
    assert (blocker.sqlstate, blocker.line) == ("42601", 1)
    assert len(blocker.message) <= 300
    assert "\n" not in blocker.message


def test_an_extension_makes_its_own_schema_that_a_file_names(project: Project) -> None:
    project.write(
        cron="do $$ begin create extension if not exists pg_cron with schema cron; end $$;"
        "select cron.schedule('@daily', 'select 1');",
        net="drop extension pg_net; create extension pg_net schema net version '0.1';",
        wrong="create extension citext with schema nowhere;",
    )

    outcome = project.apply()

    assert [m.name for m in outcome.applied] == ["cron", "net"]
    assert [b.cause for b in outcome.blockers] == ["nowhere is created by no migration."]


def test_a_bucket_that_the_project_refuses_is_a_note(project: Project) -> None:
    project.write(
        guard="create function public.refuse() returns trigger language plpgsql as"
        " $$ begin raise 'not here'; end $$;"
        "create trigger refuse before insert on storage.buckets for each row"
        " execute function public.refuse();"
    )
    plan = read_plan(project.supabase)

    outcome = apply_plan(project.dsn, replace(plan, buckets={"a": BucketConfig()}))

    assert [m.name for m in outcome.applied] == ["guard"]
    assert outcome.notes == ["[storage.buckets.a] is not created: not here"]


def test_a_publication_of_all_tables_can_be_dropped(project: Project) -> None:
    project.write(one="create publication everything for all tables; drop publication everything;")

    assert project.apply().blockers == []


def test_a_check_exposes_new_tables_as_the_start_does(project: Project) -> None:
    project.write(
        one="create table public.t ();"
        "do $$ begin assert not has_table_privilege('anon', 'public.t', 'select'); end $$;"
    )
    plan = read_plan(project.supabase)

    assert len(check_plan(project.dsn, plan)) == 1
    assert check_plan(project.dsn, replace(plan, exposes_new_tables=False)) == []
