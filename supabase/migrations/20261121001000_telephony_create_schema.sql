-- Internals of telephony live in the schema telephony, which the data API does not expose and anon and authenticated cannot
-- use. In public are the tables and views that clients read, and the functions called by RPC: their names end in a version,
-- so that a rolling deploy can run the old and the new one side by side.

create schema telephony;
grant usage on schema telephony to service_role;

-- The clock of calling hours, retry delays and the limit of three dials within 24 hours. Leases and rate limits use now().
-- A simulation replaces this function; without a SET clause it is inlined.
create function telephony.now() returns timestamptz
language sql stable
as $$ select pg_catalog.now() $$;
