"""What `postgres` may do to the platform's own objects, and what not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.execute import StatementError, execute_leniently, execute_script
from edge.emulator.postgres.script import Script, parse_script

Execute = Callable[[psycopg.Connection, Script], None]


def _execute_leniently(connection: psycopg.Connection, script: Script) -> None:
    with connection.transaction():
        for failure in execute_leniently(connection, script):
            raise failure


@pytest.fixture
def postgres(cluster: Cluster, database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster.dsn(database, user="postgres"), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "statements",
    [
        "create policy p on storage.objects for select using (bucket_id = 'a'); "
        "drop policy p on storage.objects",
        "create policy p on storage.buckets for all to authenticated using (true)",
        "alter table storage.objects enable row level security",
        "insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)"
        " values ('a', 'a', true, 1048576, array['image/png']) on conflict (id) do nothing",
        "create trigger t after insert on storage.objects for each row execute function f();"
        "drop trigger t on storage.objects",
        "create index on storage.objects (owner_id)",
        "drop trigger if exists prefixes_create_hierarchy on storage.prefixes;"
        "create trigger objects_delete_delete_prefix after delete on storage.objects"
        " for each row execute function storage.delete_prefix_hierarchy_trigger()",
        "grant delete on storage.s3_multipart_uploads to postgres;"
        "revoke select on storage.prefixes from anon",
        "create policy p on realtime.messages for select to authenticated"
        " using (realtime.topic() like 'room:%' and extension in ('broadcast', 'presence'))",
        "alter table realtime.messages enable row level security",
        "create trigger t after insert on auth.users for each row execute function f();"
        "drop trigger if exists t on auth.users",
        "create policy p on auth.users for select using (true)",
        "grant usage on schema auth to service_role; grant select on auth.users to service_role",
        "alter publication supabase_realtime add table t; alter publication supabase_realtime"
        " drop table t; alter publication supabase_realtime set table t",
        "drop publication if exists supabase_realtime; create publication supabase_realtime",
        "alter publication supabase_realtime owner to postgres",
        "comment on schema public is 'standard public schema'",
        "alter schema public owner to pg_database_owner",
        "alter schema storage owner to supabase_storage_admin",
        "alter table storage.objects owner to supabase_storage_admin",
        "alter table t owner to postgres; alter schema extensions owner to postgres",
        "revoke all on schema public from public; grant usage on schema public to anon",
        "grant all on schema public to dashboard_user, supabase_read_only_user, supabase_admin",
        "grant all on table t to supabase_replication_admin, supabase_storage_admin",
        "alter role authenticator set pgrst.db_max_rows = 500",
        "alter role authenticator set pgrst.db_aggregates_enabled = 'true'",
        "alter role authenticator set statement_timeout = '8s'; notify pgrst, 'reload config'",
        "alter role anon set statement_timeout = '10s'",
        "alter role postgres set search_path = public, extensions",
        "set session_replication_role = replica; set session_replication_role = default",
        "alter default privileges for role postgres in schema public grant all on tables to anon",
        "alter default privileges in schema public revoke execute on functions from public",
        "create role app nologin; grant authenticated to app; grant app to authenticator;"
        " drop role app",
        "grant pg_read_all_data to app_reader",
        "create schema private; grant usage on schema private to authenticated",
        "set role anon; reset role; set role authenticated; reset role; set role service_role",
        "select cron.schedule('a', '* * * * *', 'select 1')",
        "create trigger hook after insert on t for each row execute function"
        " supabase_functions.http_request('http://127.0.0.1:9', 'POST', '{}', '{}', '1000')",
        "create server s foreign data wrapper postgres_fdw options (host 'x')",
        "analyze; vacuum",
    ],
)
def test_postgres_may_do_as_on_the_platform(postgres: psycopg.Connection, statements: str) -> None:
    postgres.execute("create table t (id int primary key)")
    postgres.execute(
        "create function f() returns trigger language plpgsql as 'begin return new; end'"
    )
    if "cron." in statements:
        postgres.execute("create extension pg_cron")
    if "postgres_fdw" in statements:
        postgres.execute("create extension postgres_fdw")
    if "app_reader" in statements:
        statements = "create role app_reader;" + statements + ";drop role app_reader"
    for statement in statements.split(";"):
        if statement.strip():
            postgres.execute(statement.encode())


_BLOCKS = {
    "if true then create event trigger t on ddl_command_end execute function noted(); end if;": (
        "select count(*) from pg_event_trigger where evtname = 't'"
    ),
    "begin\n-- that; one\nexecute 'create event trigger t on ddl_command_end'"
    " || $x$ execute function noted(); $x$ -- end\n; exception when others then raise; end;": (
        "select count(*) from pg_event_trigger where evtname = 't'"
    ),
    "create publication p for all tables;": (
        "select count(*) from pg_publication where puballtables"
    ),
    "execute format('alter publication %I add tables in schema public', 'supabase_realtime');": (
        "select count(*) from pg_publication_namespace"
    ),
    "for n in select 'alter database ' || quote_ident(current_database())"
    " || ' set app.key = ''its''' loop execute n; end loop; alter role anon set app.key = 'its';": (
        "select count(*) from pg_db_role_setting where 'app.key=its' = any(setconfig)"
        " and setrole = 'anon'::regrole"
    ),
    "execute 'select ''alter role anon set a.b = 1''' into n;"
    " comment on extension plpgsql is 'x'; n := 'alter role anon reset app.key'; execute n;": (
        "select count(*) from pg_description where description = 'x'"
    ),
    "create policy p on storage.objects for select using (true);"
    " alter table storage.objects enable row level security;"
    " alter table storage.objects owner to supabase_admin;": (
        "select count(*) from pg_policies where policyname = 'p' and tablename = 'objects'"
    ),
    "alter extension pg_trgm set schema public; alter table public.made owner to supabase_admin;": (
        "select count(*) from pg_class where relname = 'made' and relowner = 'postgres'::regrole"
    ),
}


@pytest.mark.parametrize("block", _BLOCKS)
def test_a_block_of_a_migration_may_do_as_on_the_platform(
    postgres: psycopg.Connection, block: str
) -> None:
    postgres.execute("create extension pg_trgm schema extensions; create table public.made ()")
    postgres.execute(
        "create function noted() returns event_trigger language plpgsql as 'begin end'"
    )
    script = parse_script(Path("1_a.sql"), f"do $$ declare n text; begin {block} end $$;")

    execute_script(postgres, script)

    try:
        assert postgres.execute(_BLOCKS[block].encode()).fetchone() == (1,)
    finally:  # roles belong to the server
        execute_script(postgres, parse_script(Path("2_b.sql"), "alter role anon reset app.key"))


_FUNCTIONS = """
create function public.inner_part(n text default 'x') returns void language plpgsql as $f$
begin {block} end $f$;
create procedure public."Set up"(a int, b text) language plpgsql security definer as $f$
begin perform public.inner_part(); end $f$;
create function public.on_row() returns trigger language plpgsql as $f$
begin call public."Set up"(1, 'é'); return new; end $f$;
create table public.ordered (id int);
create trigger fired after insert on public.ordered for each row execute function public.on_row();
"""
_SOURCES = (
    "select array_agg(prosrc order by p.oid) from pg_proc p join pg_language l on l.oid = prolang"
    " where pronamespace = 'public'::regnamespace and lanname = 'plpgsql'"
)


@pytest.mark.parametrize("block", _BLOCKS)
@pytest.mark.parametrize(
    ("call", "executes"),
    [
        ("select public.inner_part()", execute_script),
        ("insert into public.ordered values (1)", execute_script),
        ("do $$ begin perform public.inner_part(); end $$", _execute_leniently),
        ("insert into public.ordered values (1)", _execute_leniently),
    ],
)
def test_functions_that_a_migration_calls_may_do_as_on_the_platform(
    postgres: psycopg.Connection, call: str, executes: Execute, block: str
) -> None:
    postgres.execute("create extension pg_trgm schema extensions; create table public.made ()")
    postgres.execute(
        "create function noted() returns event_trigger language plpgsql as 'begin end'"
    )
    postgres.execute(_FUNCTIONS.replace("{block}", block).encode())
    before = postgres.execute(_SOURCES).fetchone()

    executes(postgres, parse_script(Path("1_a.sql"), f"select 1; {call}; select 2;"))

    try:
        assert postgres.execute(_BLOCKS[block].encode()).fetchone() == (1,)
        assert postgres.execute(_SOURCES).fetchone() == before
    finally:  # roles belong to the server
        execute_script(postgres, parse_script(Path("2_b.sql"), "alter role anon reset app.key"))


@pytest.mark.parametrize("executes", [execute_script, _execute_leniently])
def test_a_function_that_a_migration_calls_is_no_superuser(
    postgres: psycopg.Connection, executes: Execute
) -> None:
    text = _FUNCTIONS.replace("{block}", "execute 'alter role postgres superuser';")
    postgres.execute(text.encode())
    before = postgres.execute(_SOURCES).fetchone()

    with pytest.raises(StatementError) as refused:
        executes(postgres, parse_script(Path("1_a.sql"), 'call public."Set up"(1, null);'))

    assert refused.value.error.sqlstate == "42501"
    assert postgres.execute(_SOURCES).fetchone() == before


@pytest.mark.parametrize(
    "block",
    [
        "execute 'alter role postgres superuser'; execute 'drop event trigger t';",
        "alter role postgres superuser; drop event trigger if exists t;",
        "execute 'create publication p for all tables; alter role postgres superuser';",
    ],
)
def test_a_block_of_a_migration_is_no_superuser(postgres: psycopg.Connection, block: str) -> None:
    script = parse_script(Path("1_a.sql"), f"do $$ begin {block} end $$")

    with pytest.raises(StatementError) as refused:
        execute_script(postgres, script)

    assert refused.value.error.sqlstate == "42501"


@pytest.mark.parametrize(
    "statement",
    [
        "alter system set work_mem = '1GB'",
        "create role evil superuser",
        "alter role supabase_admin password 'x'",
        "set role supabase_admin",
        "copy (select 1) to program 'true'",
        "select pg_read_file('/etc/passwd')",
        "create function f() returns int language c as '$libdir/plpgsql', 'x'",
        "select edge_internal.call('crypt', '{}')",
        "select edge_internal.run_privileged('alter role postgres superuser')",
        "select edge_internal.run_privileged('create publication p for all tables;"
        " alter role postgres superuser')",
        "select edge_internal.run_privileged('alter role supabase_admin set a.b = 1')",
        "delete from storage.objects",
    ],
)
def test_postgres_is_no_superuser(postgres: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        postgres.execute(statement.encode())


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_clients_reach_neither_internals_nor_secrets(
    cluster: Cluster, database: str, role: str
) -> None:
    with psycopg.connect(cluster.dsn(database, user="postgres"), autocommit=True) as connection:
        connection.execute(f"set role {role}".encode())
        for statement in (
            "select edge_internal.call('http', '{}')",
            "select edge_internal.run_privileged('select 1')",
            "select * from vault.decrypted_secrets",
            "select vault.create_secret('x')",
            "select * from net.http_request_queue where pg_sleep(0) is null"
            " and (select count(*) from auth.users) > 0",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_a_copied_database_has_its_owner_and_search_path(cluster: Cluster, database: str) -> None:
    with psycopg.connect(cluster.dsn(database, user="authenticator")) as connection:
        assert connection.execute("show search_path").fetchone() == ('"$user", public, extensions',)
        owner = "select datdba::regrole::text from pg_database where datname = current_database()"
        assert connection.execute(owner.encode()).fetchone() == ("postgres",)


def test_rights_are_listed_in_the_order_of_the_platform(postgres: psycopg.Connection) -> None:
    """Migrations compare hashes of them."""
    postgres.execute("create function f() returns int language sql as 'select 1'")

    found = postgres.execute("select proacl::text from pg_proc where proname = 'f'").fetchone()

    roles = ("", "postgres", "anon", "authenticated", "service_role")
    assert found == ("{" + ",".join(f"{role}=X/postgres" for role in roles) + "}",)
