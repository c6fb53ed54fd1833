-- Every relation of the user's schemas with its columns, primary key and computed fields.
-- The session's search_path is empty, so that format_type and pg_get_expr qualify every name.
-- pg_get_serial_sequence() would need rights on every schema, and pg_get_expr() with a relation
-- would wait for its locks; a default refers to no column.
with recursive domains as (
  select oid, oid as base, typbasetype from pg_catalog.pg_type
  union all
  select d.oid, t.oid, t.typbasetype
  from domains d join pg_catalog.pg_type t on t.oid = d.typbasetype
),
base_types as (
  select oid, base from domains where typbasetype = 0
),
identity_sequences as (
  select d.refobjid as attrelid, d.refobjsubid as attnum,
    pg_catalog.format('%I.%I', n.nspname, s.relname) as sequence
  from pg_catalog.pg_depend d
  join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
  join pg_catalog.pg_namespace n on n.oid = s.relnamespace
  where d.classid = 'pg_catalog.pg_class'::regclass
    and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype = 'i'
),
column_rows as (
  select
    a.attrelid,
    json_agg(json_build_object(
      'name', a.attname,
      'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'base_type', pg_catalog.format_type(b.base, null),
      'default', case
        when a.attidentity = 'd' then pg_catalog.format('nextval(%L)', i.sequence)
        when a.attgenerated <> '' then null
        when d.adbin is null and t.typtype = 'd' then pg_catalog.pg_get_expr(t.typdefaultbin, 0)
        else pg_catalog.pg_get_expr(d.adbin, 0)
      end
    ) order by a.attnum) as columns
  from pg_catalog.pg_attribute a
  join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_type t on t.oid = a.atttypid
  join base_types b on b.oid = a.atttypid
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  left join identity_sequences i on i.attrelid = a.attrelid and i.attnum = a.attnum
  where a.attnum > 0 and not a.attisdropped
    and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
    and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  group by a.attrelid
),
primary_keys as (
  select k.conrelid, json_agg(a.attname order by a.attname) as names
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey)
  where k.contype = 'p'
  group by k.conrelid
),
computed_fields as (
  select
    t.typrelid,
    json_agg(json_build_object(
      'name', p.proname,
      'type', pg_catalog.format_type(p.prorettype, null),
      'base_type', pg_catalog.format_type(b.base, null),
      'default', null
    )) as columns
  from pg_catalog.pg_proc p
  join pg_catalog.pg_type t on t.oid = p.proargtypes[0]
  join base_types b on b.oid = p.prorettype
  where p.pronargs = 1 and t.typrelid <> 0 and not p.proretset
    and p.prokind = 'f' and p.oid >= 16384
  group by t.typrelid
)
select
  n.nspname as schema,
  c.relname as name,
  c.relkind::text as kind,
  coalesce(k.columns, '[]') as columns,
  coalesce(p.names, '[]') as primary_key,
  coalesce(f.columns, '[]') as computed,
  case when c.relkind in ('v', 'm', 'f')  -- it locks the relation, so not for tables
    then pg_catalog.pg_relation_is_updatable(c.oid, true) else 0
  end as operations
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join column_rows k on k.attrelid = c.oid
left join primary_keys p on p.conrelid = c.oid
left join computed_fields f on f.typrelid = c.oid
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
  and not c.relispartition
  and not pg_catalog.pg_is_other_temp_schema(n.oid)
  and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
