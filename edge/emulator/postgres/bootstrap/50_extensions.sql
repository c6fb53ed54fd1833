-- The extensions that a project starts with; they belong to `postgres`, who may drop them.

set role postgres;
create extension if not exists pg_stat_statements with schema extensions;
create extension if not exists pgcrypto with schema extensions;
create extension if not exists "uuid-ossp" with schema extensions;
create extension if not exists pgjwt with schema extensions;
create extension if not exists supabase_vault;
create extension if not exists pg_graphql;
create extension if not exists pg_net with schema extensions;
reset role;
update pg_catalog.pg_extension set extowner = 'postgres'::regrole where extname = 'plpgsql';

-- Data dumps set these, which the real extensions have.
create sequence if not exists graphql.seq_schema_version;
create sequence if not exists pgsodium.key_key_id_seq;
alter sequence graphql.seq_schema_version owner to postgres;
alter sequence pgsodium.key_key_id_seq owner to postgres;

-- Schemas pulled from hosted projects name these; what they grant there, bootstrap and the
-- extensions' scripts grant here.
do $do$
declare
  name text;
begin
  foreach name in array array['grant_pg_cron_access', 'grant_pg_graphql_access',
    'grant_pg_net_access', 'pgrst_ddl_watch', 'pgrst_drop_watch', 'set_graphql_placeholder']
  loop
    execute format('create or replace function extensions.%I() returns event_trigger'
      ' language plpgsql as $$begin end$$', name);
    execute format('alter function extensions.%I() owner to postgres', name);
  end loop;
end $do$;
grant all on all tables in schema extensions to postgres with grant option;
grant all on all routines in schema extensions to postgres with grant option;
alter default privileges in schema extensions grant all on tables to postgres with grant option;
alter default privileges in schema extensions grant all on routines to postgres with grant option;
