"""Which statements are run with the platform's privileges, and which a dump may repeat."""

from pathlib import Path

import pytest

from edge.emulator.postgres.platform_objects import exists_already, is_of_platform
from edge.emulator.postgres.privileged import needs_privilege
from edge.emulator.postgres.script import Statement, parse_script


def statement(text: str) -> Statement:
    return parse_script(Path("dump.sql"), text).statements[0]


@pytest.mark.parametrize(
    "text",
    [
        "CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()",
        "-- why\ndrop  event\ntrigger if exists t",
        "create publication p for all tables",
        "alter publication p add tables in schema public",
        "comment on extension pgtap is 'x'",
        "alter extension vector set schema extensions",
        'ALTER DEFAULT PRIVILEGES FOR ROLE "supabase_admin" IN SCHEMA "public" GRANT ALL ON TABLES'
        ' TO "anon"',
        "alter database postgres set app.key to 'x'",
        'alter database postgres set "app.settings.key" to 1',
        "alter role anon reset app.key",
        "do $$ begin create event trigger t on ddl_command_end execute function f(); end $$",
        "-- why\nDO LANGUAGE plpgsql $x$ begin execute 'drop event trigger t'; end $x$",
        'ALTER TABLE "public"."t" OWNER TO "supabase_admin";',
    ],
)
def test_what_the_platform_allows_is_run_so(text: str) -> None:
    assert needs_privilege(text)


@pytest.mark.parametrize(
    "text",
    [
        "create table t (owner text)",
        "create publication p for table t",
        "alter publication supabase_realtime add table t",
        "alter table t owner to postgres",
        "alter table auth.users owner to supabase_auth_admin",
        "alter role authenticator set statement_timeout = '8s'",
        "alter default privileges for role postgres grant all on tables to anon",
        "insert into notes values ('create event trigger')",
        "do $$ begin insert into owner values (1); end $$",
    ],
)
def test_what_postgres_may_anyway_is_not(text: str) -> None:
    assert not needs_privilege(text)


def test_a_statement_after_many_comments_is_looked_at_once() -> None:
    comments = "/* a */ " * 2000

    assert not needs_privilege(f"{comments}create table t (owner text)")
    assert needs_privilege(f"{comments}do $$ begin drop event trigger t; end $$")


@pytest.mark.parametrize(
    ("text", "sqlstate", "expected"),
    [
        ("CREATE SCHEMA auth", "42P06", True),
        ("CREATE TABLE auth.users (id uuid)", "42P07", True),
        (
            "ALTER TABLE ONLY storage.objects ADD CONSTRAINT objects_pkey PRIMARY KEY (id)",
            "42P16",
            True,
        ),
        ("GRANT ALL ON FUNCTION extensions.armor(bytea) TO postgres", "0LP01", True),
        ("CREATE TABLE public.users (id uuid)", "42P07", False),
        ("CREATE TABLE public.notes (owner uuid DEFAULT auth.uid())", "42P07", False),
        ("CREATE TABLE auth.users (id uuid)", "42601", False),
    ],
)
def test_a_dump_may_repeat_what_every_project_has(text: str, sqlstate: str, expected: bool) -> None:
    found = statement(f"--\n-- Name: x; Type: TABLE\n--\n\n{text};")

    assert (is_of_platform(found) and exists_already(found, sqlstate)) == bool(expected)
