-- What a Supabase project's database holds before the first migration: roles, schemas, grants.
-- Run by the superuser, once for each database; running it again changes nothing.
-- Follows supabase/postgres' init scripts and its supautils.conf, which says what `postgres` may do.

-- Default privileges list roles in the order of their creation: postgres comes first there.
do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('postgres', 'login createrole createdb replication bypassrls'),
      ('anon', 'nologin noinherit'),
      ('authenticated', 'nologin noinherit'),
      ('service_role', 'nologin noinherit bypassrls'),
      ('authenticator', 'login noinherit'),
      ('supabase_auth_admin', 'login noinherit createrole'),
      ('supabase_storage_admin', 'login noinherit createrole'),
      ('supabase_functions_admin', 'login noinherit createrole'),
      ('supabase_realtime_admin', 'nologin noinherit'),
      ('supabase_replication_admin', 'login replication'),
      ('supabase_read_only_user', 'login bypassrls'),
      ('supabase_etl_admin', 'login replication'),
      ('dashboard_user', 'nologin createdb createrole replication'),
      ('pgbouncer', 'login'),
      ('pgsodium_keyiduser', 'nologin'),
      ('pgsodium_keyholder', 'nologin'),
      ('pgsodium_keymaker', 'nologin')
    ) as roles(name, options)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      execute format('create role %I %s password %L', wanted.name, wanted.options, 'postgres');
    end if;
  end loop;
end $$;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role, authenticator to postgres with admin option;
grant anon, authenticated, service_role to supabase_storage_admin;
grant pg_monitor, pg_read_all_data, pg_signal_backend, pg_create_subscription
  to postgres with admin option;
grant pg_read_all_data to supabase_read_only_user, supabase_etl_admin;
grant pgsodium_keyiduser, pgsodium_keyholder, pgsodium_keymaker to postgres with admin option;
-- Policies and triggers on the services' tables need their owner's rights.
grant supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin,
  supabase_functions_admin, dashboard_user to postgres;
grant set on parameter session_replication_role, log_lock_waits, log_min_messages, track_io_timing,
  log_min_duration_statement, log_statement to postgres;
do $$
declare
  setting text;
begin
  foreach setting in array string_to_array('db_aggregates_enabled db_anon_role db_extra_search_path'
    ' db_hoisted_tx_settings db_max_rows db_plan_enabled db_pre_request db_root_spec db_schema'
    ' db_schemas db_timezone_enabled db_tx_end db_use_legacy_gucs jwt_aud jwt_role_claim_key'
    ' jwt_secret log_level openapi_mode openapi_security_active openapi_server_proxy_uri'
    ' raw_media_types server_cors_allowed_origins server_timing_enabled', ' ')
  loop
    execute format('grant set on parameter %I.%I to postgres', 'pgrst', setting);
  end loop;
end $$;

-- Defaults of the data API; a project changes them by `alter role … set statement_timeout`.
do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values ('anon', '30s'), ('authenticated', '60s'), ('service_role', '120s'))
      as roles(name, timeout)
  loop
    if not exists (
      select from pg_catalog.pg_db_role_setting
      where setrole = wanted.name::regrole and array_to_string(setconfig, ' ') like '%statement_timeout=%'
    ) then
      execute format('alter role %I set statement_timeout = %L', wanted.name, wanted.timeout);
    end if;
  end loop;
end $$;
alter role supabase_admin set event_triggers = off;  -- a project's would run with our rights

alter database :"database" owner to postgres;
alter database :"database" set search_path = "$user", public, extensions;

create schema if not exists auth authorization supabase_auth_admin;
create schema if not exists storage authorization supabase_storage_admin;
create schema if not exists realtime authorization supabase_realtime_admin;
create schema if not exists supabase_functions authorization supabase_functions_admin;
create schema if not exists _realtime authorization postgres;
create schema if not exists extensions authorization postgres;
create schema if not exists graphql_public;
-- Dumps create these extensions in schemas that nothing has created.
create schema if not exists pgmq authorization postgres;
create schema if not exists pgsodium authorization postgres;
create schema if not exists pgtle authorization postgres;
create schema if not exists edge_internal;
alter schema extensions owner to postgres;
alter schema storage owner to supabase_storage_admin;
alter schema realtime owner to supabase_realtime_admin;

grant all on schema public, extensions, auth, storage, realtime, graphql_public, supabase_functions
  to postgres with grant option;
grant usage on schema public, extensions, auth, storage, realtime, graphql_public,
  supabase_functions to anon, authenticated, service_role;
grant usage on schema auth, extensions, storage, realtime, public to dashboard_user;

alter default privileges for role postgres in schema public
  grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
  grant all on sequences to postgres, anon, authenticated, service_role;
