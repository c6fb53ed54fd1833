"""What pg_dump and `supabase db pull` write of a hosted project loads, schema and data."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from edge.emulator.postgres.cluster import Cluster
from edge.emulator.postgres.execute import execute_leniently, execute_script
from edge.emulator.postgres.install import binaries
from edge.emulator.postgres.migrations import bootstrap
from edge.emulator.postgres.script import parse_script

_HEAD = r"""--
-- PostgreSQL database dump
--

\restrict 7Nn2pBvKq

-- Dumped from database version 17.4

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
"""
_SCHEMA = r"""
CREATE EXTENSION IF NOT EXISTS "pg_cron" WITH SCHEMA "pg_catalog";
CREATE EXTENSION IF NOT EXISTS "pg_net" WITH SCHEMA "extensions";
CREATE EXTENSION IF NOT EXISTS "pgsodium" WITH SCHEMA "pgsodium";
ALTER SCHEMA "public" OWNER TO "pg_database_owner";
COMMENT ON SCHEMA "public" IS 'standard public schema';
CREATE EXTENSION IF NOT EXISTS "pg_graphql" WITH SCHEMA "graphql";
CREATE EXTENSION IF NOT EXISTS "pg_stat_statements" WITH SCHEMA "extensions";
COMMENT ON EXTENSION "pg_stat_statements" IS 'track planning and execution statistics';
CREATE EXTENSION IF NOT EXISTS "pgcrypto" WITH SCHEMA "extensions";
CREATE EXTENSION IF NOT EXISTS "pgjwt" WITH SCHEMA "extensions";
CREATE EXTENSION IF NOT EXISTS "supabase_vault" WITH SCHEMA "vault";
CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA "extensions";
CREATE SCHEMA IF NOT EXISTS "auth";
ALTER SCHEMA "auth" OWNER TO "supabase_admin";
CREATE SCHEMA IF NOT EXISTS "private";
ALTER SCHEMA "private" OWNER TO "postgres";
CREATE TYPE "public"."mood" AS ENUM ('good', 'bad');
ALTER TYPE "public"."mood" OWNER TO "supabase_admin";
GRANT USAGE ON TYPE "public"."mood" TO "anon";
CREATE OR REPLACE FUNCTION "public"."add_note"() RETURNS "trigger"
    LANGUAGE "plpgsql" SECURITY DEFINER
    SET "search_path" TO ''
    AS $$
begin
  insert into public.notes (id, owner, text) values (extensions.uuid_generate_v4(), new.id, 'hi');
  return new;
end;
$$;
ALTER FUNCTION "public"."add_note"() OWNER TO "postgres";
CREATE OR REPLACE FUNCTION "public"."rls_auto_enable"() RETURNS "event_trigger"
    LANGUAGE "plpgsql" SECURITY DEFINER
    SET "search_path" TO 'pg_catalog'
    AS $$
declare
  cmd record;
begin
  for cmd in select * from pg_event_trigger_ddl_commands()
    where command_tag in ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
  loop
    if cmd.schema_name = 'public' then
      execute format('alter table if exists %s enable row level security', cmd.object_identity);
    end if;
  end loop;
end;
$$;
SET default_tablespace = '';
SET default_table_access_method = "heap";
CREATE TABLE IF NOT EXISTS "public"."notes" (
    "id" "uuid" DEFAULT "extensions"."uuid_generate_v4"() NOT NULL,
    "owner" "uuid",
    "text" "text" DEFAULT "encode"("extensions"."gen_random_bytes"(6), 'hex'::"text") NOT NULL,
    "mood" "public"."mood"
);
ALTER TABLE "public"."notes" OWNER TO "postgres";
CREATE SEQUENCE "public"."numbers" START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE "public"."numbers" OWNER TO "postgres";
ALTER TABLE ONLY "public"."notes" ADD CONSTRAINT "notes_pkey" PRIMARY KEY ("id");
CREATE OR REPLACE TRIGGER "on_auth_user_created" AFTER INSERT ON "auth"."users"
  FOR EACH ROW EXECUTE FUNCTION "public"."add_note"();
CREATE OR REPLACE TRIGGER "hook" AFTER INSERT ON "public"."notes" FOR EACH ROW
  EXECUTE FUNCTION "supabase_functions"."http_request"('http://kong:8000/functions/v1/x', 'POST',
  '{"Content-type":"application/json"}', '{}', '1000');
ALTER TABLE ONLY "public"."notes"
    ADD CONSTRAINT "notes_owner_fkey" FOREIGN KEY ("owner") REFERENCES "auth"."users"("id");
CREATE POLICY "own" ON "public"."notes" FOR SELECT TO "authenticated"
  USING (("auth"."uid"() = "owner"));
ALTER TABLE "public"."notes" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "read" ON "storage"."objects" FOR SELECT USING (("bucket_id" = 'a'::"text"));
ALTER PUBLICATION "supabase_realtime" OWNER TO "postgres";
ALTER PUBLICATION "supabase_realtime" ADD TABLE ONLY "public"."notes";
CREATE PUBLICATION "everything" FOR ALL TABLES;
GRANT ALL ON FUNCTION "extensions"."armor"("bytea") TO "dashboard_user";
GRANT ALL ON FUNCTION "extensions"."uuid_generate_v1"() TO "postgres";
GRANT ALL ON FUNCTION "extensions"."crypt"("text", "text") TO "dashboard_user";
GRANT ALL ON TABLE "extensions"."pg_stat_statements" TO "dashboard_user";
CREATE OR REPLACE FUNCTION "extensions"."grant_pg_net_access"() RETURNS "event_trigger"
  LANGUAGE "plpgsql" AS $$begin end$$;
ALTER FUNCTION "extensions"."grant_pg_net_access"() OWNER TO "supabase_admin";
GRANT USAGE ON SCHEMA "public" TO "postgres";
GRANT USAGE ON SCHEMA "public" TO "anon";
REVOKE USAGE ON SCHEMA "public" FROM PUBLIC;
GRANT ALL ON SCHEMA "public" TO "supabase_admin";
REVOKE ALL ON FUNCTION "public"."add_note"() FROM PUBLIC;
GRANT ALL ON FUNCTION "public"."add_note"() TO "supabase_auth_admin";
GRANT ALL ON TABLE "public"."notes" TO "anon";
GRANT ALL ON TABLE "public"."notes" TO "dashboard_user";
GRANT SELECT ON TABLE "public"."notes" TO "supabase_read_only_user";
ALTER DEFAULT PRIVILEGES FOR ROLE "postgres" IN SCHEMA "public" GRANT ALL ON TABLES TO "anon";
ALTER DEFAULT PRIVILEGES FOR ROLE "supabase_admin" IN SCHEMA "public"
  GRANT ALL ON TABLES TO "authenticated";
CREATE EVENT TRIGGER "ensure_rls" ON "ddl_command_end"
         WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
   EXECUTE FUNCTION "public"."rls_auto_enable"();
ALTER EVENT TRIGGER "ensure_rls" OWNER TO "postgres";
CREATE TABLE "public"."later" ("id" integer);
"""
_DATA = r"""
SET session_replication_role = replica;

COPY "public"."notes" ("id", "owner", "text", "mood") FROM stdin;
11111111-1111-1111-1111-111111111111	\N	one; \\.\ttabbed	good
22222222-2222-2222-2222-222222222222	33333333-3333-3333-3333-333333333333	two	\N
\.

INSERT INTO "storage"."buckets" ("id", "name", "owner", "public") VALUES
  ('pictures', 'pictures', NULL, true);
INSERT INTO "storage"."objects" ("id", "bucket_id", "name", "owner", "metadata", "version",
  "owner_id", "user_metadata", "level") VALUES
  ('44444444-4444-4444-4444-444444444444', 'pictures', 'a/b.png', NULL, '{"size": 1}', 'v', NULL,
  NULL, 2);
COPY "storage"."iceberg_tables" ("id", "name") FROM stdin;
\.

SELECT pg_catalog.setval('"auth"."refresh_tokens_id_seq"', 5, true);
SELECT pg_catalog.setval('"graphql"."seq_schema_version"', 1, false);
SELECT pg_catalog.setval('"pgsodium"."key_key_id_seq"', 1, false);
SELECT pg_catalog.setval('"supabase_functions"."hooks_id_seq"', 1, false);
SELECT pg_catalog.setval('"public"."numbers"', 7, true);
RESET ALL;

\unrestrict 7Nn2pBvKq
"""


@pytest.fixture
def dsn(cluster: Cluster, database: str) -> str:
    return cluster.dsn(database, user="postgres")


def load(dsn: str, *parts: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        execute_script(connection, parse_script(Path("dump.sql"), "\n".join(parts)))


def rows(dsn: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(statement.encode()).fetchall()


def test_a_dump_loads_with_its_data(dsn: str) -> None:
    load(dsn, _HEAD, _SCHEMA, _DATA)

    assert rows(dsn, "select text, mood::text from public.notes order by id") == [
        ("one; \\.\ttabbed", "good"),
        ("two", None),
    ]
    assert rows(dsn, "select last_value from public.numbers") == [(7,)]
    # The dump's event trigger is in force.
    assert rows(dsn, "select relrowsecurity from pg_class where relname = 'later'") == [(True,)]
    assert rows(dsn, "select puballtables from pg_publication where pubname = 'everything'") == [
        (True,)
    ]


def test_a_trigger_of_the_dump_fires_when_a_user_signs_up(dsn: str) -> None:
    load(dsn, _HEAD, _SCHEMA)

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("insert into auth.users (id, email) values (gen_random_uuid(), 'a@b.c')")

    assert rows(dsn, "select text from public.notes") == [("hi",)]
    assert rows(dsn, "select url from net.http_request_queue") == [
        ("http://kong:8000/functions/v1/x",)
    ]


def test_an_extension_moves_out_of_public(dsn: str) -> None:
    load(
        dsn,
        "create extension if not exists pg_trgm with schema public;",
        "alter extension pg_trgm set schema extensions;",
    )

    assert rows(dsn, "select extensions.similarity('word', 'word') > 0.9") == [(True,)]


def test_a_dump_of_everything_leaves_out_what_is_there(cluster: Cluster, dsn: str) -> None:
    load(dsn, _HEAD, _SCHEMA, _DATA)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "insert into auth.users (id, email) values ('33333333-3333-3333-3333-333333333333',"
            " 'ann@example.com')"
        )
    target = f"{psycopg.conninfo.conninfo_to_dict(dsn)['dbname']}_restored"
    bootstrap(cluster.create_database(target))
    try:
        restored = cluster.dsn(target, user="postgres")
        load(restored, dump_everything(dsn))

        assert rows(restored, "select count(*) from public.notes") == [(3,)]
        assert rows(restored, "select email from auth.users") == [("ann@example.com",)]
        assert ("pictures",) in rows(restored, "select id from storage.buckets")
        assert rows(restored, "select relrowsecurity from pg_class where relname = 'later'") == [
            (True,)
        ]
    finally:
        cluster.drop_database(target)


def dump_everything(dsn: str) -> str:
    """Return pg_dump's output, without what a hosted project has not."""
    options = ["--exclude-schema=edge_internal", "--role=postgres"]
    made = subprocess.run(
        [str(binaries() / "pg_dump"), "-d", dsn, *options],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout


def test_a_dump_of_the_cli_may_repeat_publications_of_the_platform(dsn: str) -> None:
    without_comments = "\n".join(line for line in _HEAD.splitlines() if line.startswith("S"))

    load(
        dsn,
        without_comments,
        _SCHEMA,
        "CREATE PUBLICATION \"supabase_realtime_messages_publication\" WITH (publish = 'insert');",
        'ALTER PUBLICATION "supabase_realtime_messages_publication" OWNER TO "postgres";',
    )

    assert rows(dsn, "select to_regclass('public.later')::text") == [("later",)]


def test_a_check_lists_what_a_dump_makes_twice_of_its_own(dsn: str) -> None:
    twice = 'create table "public"."a" ();' * 2
    script = parse_script(Path("dump.sql"), f"{_HEAD}create schema auth;{twice}")

    with psycopg.connect(dsn, autocommit=True) as connection, connection.transaction():
        failures = list(execute_leniently(connection, script, dry=True))

    assert [failure.error.sqlstate for failure in failures] == ["42P07"]


def test_comments_on_extensions_may_hold_semicolons(dsn: str) -> None:
    load(dsn, "create extension hypopg; comment on extension hypopg is 'plans; not indexes';")

    assert rows(dsn, "select obj_description(oid) from pg_extension where extname = 'hypopg'") == [
        ("plans; not indexes",)
    ]
