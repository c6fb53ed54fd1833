-- What renders rows or a value as a media type, which names a domain: aggregates over rows of a
-- table or of any type, and functions that return the domain. $1: the exposed schemas.
-- ST_AsGeoJSON of PostGIS, wherever it is, renders GeoJSON.
with recursive domains as (
  select oid, oid as base, typbasetype from pg_catalog.pg_type
  union all
  select d.oid, t.oid, t.typbasetype
  from domains d join pg_catalog.pg_type t on t.oid = d.typbasetype
),
media_types as (
  select t.oid, t.typname, n.nspname, d.base = 'pg_catalog.bytea'::regtype as is_binary
  from pg_catalog.pg_type t
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  join domains d on d.oid = t.oid and d.typbasetype = 0
  where t.typtype = 'd' and (t.typname ~* '^[a-z0-9.-]+/[a-z0-9.+-]+$' or t.typname = '*/*')
)
select
  pn.nspname as schema, p.proname as name, an.nspname as target_schema, a.typname as target_name,
  a.typname = 'anyelement' as is_of_any, m.typname as media_type, m.is_binary
from media_types m
join pg_catalog.pg_proc p on p.prorettype = m.oid and p.prokind = 'a' and p.pronargs = 1
join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
join pg_catalog.pg_type a on a.oid = p.proargtypes[0]
join pg_catalog.pg_namespace an on an.oid = a.typnamespace
left join pg_catalog.pg_class c on c.oid = a.typrelid
where pn.nspname = any ($1)
  and (a.typname = 'anyelement' or c.relkind in ('r', 'p', 'v', 'm', 'f'))
union all
select m.nspname, m.typname, pn.nspname, p.proname, false, m.typname, m.is_binary
from media_types m
join pg_catalog.pg_proc p on p.prorettype = m.oid and p.prokind = 'f' and not p.proretset
join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
where pn.nspname = any ($1)
union all
select * from (
  select n.nspname, p.proname, 'pg_catalog', 'record', true, 'application/geo+json', false
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where p.proname = 'st_asgeojson'
  order by n.nspname limit 1
) postgis
