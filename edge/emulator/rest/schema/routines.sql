-- Every function of the exposed schemas ($1) that can be called by named arguments.
with recursive domains as (
  select oid, oid as base, typbasetype from pg_catalog.pg_type
  union all
  select d.oid, t.oid, t.typbasetype
  from domains d join pg_catalog.pg_type t on t.oid = d.typbasetype
),
exposed as (  -- first, since reading the arguments of all functions that Postgres has takes 40 ms
  select p.*, n.nspname
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where p.prokind = 'f' and n.nspname = any ($1)
    and p.prorettype <> 'pg_catalog.trigger'::regtype
    and p.prorettype <> 'pg_catalog.event_trigger'::regtype
),
arguments as (
  select
    p.oid,
    json_agg(json_build_object(
      'name', coalesce(a.name, ''),
      'type', pg_catalog.format_type(a.type, null),
      'cast_type', case a.type  -- types whose name alone means a length of 1
        when 'pg_catalog.bpchar'::regtype then 'character varying'
        when 'pg_catalog.bpchar[]'::regtype then 'character varying[]'
        when 'pg_catalog.bit'::regtype then 'bit varying'
        when 'pg_catalog.bit[]'::regtype then 'bit varying[]'
        else pg_catalog.format_type(a.type, null)
      end,
      'is_required', a.position <= p.pronargs - p.pronargdefaults,
      'is_variadic', a.mode = 'v'
    ) order by a.position) filter (where a.mode in ('i', 'b', 'v')) as inputs,
    json_agg(json_build_object(
      'name', a.name, 'type', pg_catalog.format_type(a.type, null),
      'base_type', pg_catalog.format_type(a.type, null), 'default', null
    ) order by a.position) filter (where a.mode in ('o', 'b', 't')) as outputs
  from exposed p
  cross join lateral (
    select
      u.name,
      u.type,
      coalesce(u.mode, 'i') as mode,
      count(*) filter (where coalesce(u.mode, 'i') in ('i', 'b', 'v')) over (order by u.ord)
        as position
    from unnest(
      p.proargnames,
      coalesce(p.proallargtypes, p.proargtypes::oid[]),
      p.proargmodes::text[]
    ) with ordinality as u(name, type, mode, ord)
  ) a
  group by p.oid
)
select
  p.nspname as schema,
  p.proname as name,
  coalesce(a.inputs, '[]') as parameters,
  coalesce(a.outputs, '[]') as outputs,
  pg_catalog.format_type(b.base, null) as return_type,
  p.proretset as returns_set,
  (t.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false)) as is_composite,
  p.provolatile::text as volatility,
  rn.nspname as row_schema,
  r.relname as row_name,
  coalesce(p.proconfig, '{}') as settings
from exposed p
join domains b on b.oid = p.prorettype and b.typbasetype = 0
join pg_catalog.pg_type t on t.oid = b.base
left join arguments a on a.oid = p.oid
left join pg_catalog.pg_class r on r.oid = t.typrelid
left join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
order by p.oid
