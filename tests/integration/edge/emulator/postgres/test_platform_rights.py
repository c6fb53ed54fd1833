"""What `postgres` may do to the platform's own objects, and what not."""

from collections.abc import Iterator

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster


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
