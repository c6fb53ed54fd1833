-- What the OpenAPI document tells of a schema's ($1) tables and views, beside the schema cache.
-- The search_path is empty, so that format_type qualifies every name.
with recursive domains as (
  select oid, oid as base, typbasetype, typnamespace from pg_catalog.pg_type
  union all
  select d.oid, t.oid, t.typbasetype, t.typnamespace
  from domains d join pg_catalog.pg_type t on t.oid = d.typbasetype
),
enums as (
  select enumtypid, json_agg(enumlabel order by enumsortorder) as labels
  from pg_catalog.pg_enum
  group by enumtypid
),
column_rows as (
  select
    a.attrelid,
    json_agg(json_build_object(
      'name', a.attname,
      'type', case
        when b.typnamespace <> 'pg_catalog'::regnamespace
          then pg_catalog.format_type(a.atttypid, a.atttypmod)
        else pg_catalog.format_type(b.base, null)
      end,
      'description', d.description,
      'is_required', a.attnotnull or t.typtype = 'd' and t.typnotnull,
      'max_length', case
        when m.modifier = -1 then null
        when m.type in ('pg_catalog.bpchar'::regtype, 'pg_catalog.varchar'::regtype)
          then m.modifier - 4
        when m.type in ('pg_catalog.bit'::regtype, 'pg_catalog.varbit'::regtype) then m.modifier
      end,
      'choices', e.labels
    ) order by a.attnum) as columns
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_type t on t.oid = a.atttypid
  join domains b on b.oid = a.atttypid and b.typbasetype = 0
  cross join lateral (
    select
      case t.typtype when 'd' then t.typbasetype else a.atttypid end as type,
      case t.typtype when 'd' then t.typtypmod else a.atttypmod end as modifier
  ) m
  left join pg_catalog.pg_description d on d.objoid = a.attrelid and d.objsubid = a.attnum
    and d.classoid = 'pg_catalog.pg_class'::regclass
  left join enums e on e.enumtypid = b.base
  where n.nspname = $1 and a.attnum > 0 and not a.attisdropped
    and c.relkind in ('r', 'p', 'v', 'm', 'f')
  group by a.attrelid
)
select
  c.oid::text as oid,
  json_build_object(
    'name', c.relname,
    'description', pg_catalog.obj_description(c.oid, 'pg_class'),
    'columns', coalesce(k.columns, '[]')
  )::text as relation
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join column_rows k on k.attrelid = c.oid
where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
order by c.relname
