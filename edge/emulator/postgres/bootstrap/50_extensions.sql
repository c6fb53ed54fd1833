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
