-- What a Supabase project's database holds before the first migration: roles, schemas, auth.*().
-- Run by the superuser, once for each database; running it again changes nothing.
-- Follows supabase/postgres' init scripts and supabase/auth's migrations.

do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit bypassrls'),
      ('authenticator', 'login noinherit'),
      ('postgres', 'login createrole createdb replication bypassrls'),
      ('supabase_auth_admin', 'login noinherit createrole')
    ) as roles(name, options)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      execute format('create role %I %s password %L', wanted.name, wanted.options, 'postgres');
    end if;
  end loop;
end $$;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres with admin option;
grant authenticator to postgres;
alter role anon set statement_timeout = '30s';
alter role authenticated set statement_timeout = '60s';

create schema if not exists auth authorization supabase_auth_admin;
create schema if not exists extensions;
create schema if not exists storage;
create schema if not exists realtime;
create extension if not exists vector with schema extensions;

grant create on database :"database" to postgres;
grant all on schema public, extensions, auth to postgres with grant option;
grant usage on schema public, extensions, auth to anon, authenticated, service_role;
alter database :"database" set search_path = "$user", public, extensions;

alter default privileges for role postgres in schema public
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on sequences to postgres, anon, authenticated, service_role;
