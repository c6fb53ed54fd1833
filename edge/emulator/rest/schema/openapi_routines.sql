-- What the OpenAPI document tells of a schema's ($1) functions. The search_path is empty; types of
-- some schemas ($2) are named without them, whatever rights the session's role has.
with exposed as (
  select p.*
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where p.prokind = 'f' and n.nspname = $1
    and p.prorettype <> 'pg_catalog.trigger'::regtype
    and p.prorettype <> 'pg_catalog.event_trigger'::regtype
),
arguments as (
  select
    p.oid,
    json_agg(json_build_object(
      'name', coalesce(a.name, ''),
      'type', case
        when tn.nspname = any ($2::text[]) and starts_with(f.full_name, f.prefix)
          then substr(f.full_name, length(f.prefix) + 1)
        else f.full_name
      end,
      'is_required', a.position <= p.pronargs - p.pronargdefaults,
      'is_variadic', a.mode = 'v'
    ) order by a.position) as inputs
  from exposed p
  cross join lateral (
    select u.name, u.type, coalesce(u.mode, 'i') as mode, row_number() over (order by u.ord) as position
    from unnest(
      p.proargnames,
      coalesce(p.proallargtypes, p.proargtypes::oid[]),
      p.proargmodes::text[]
    ) with ordinality as u(name, type, mode, ord)
    where coalesce(u.mode, 'i') in ('i', 'b', 'v')
  ) a
  join pg_catalog.pg_type t on t.oid = a.type
  join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
  cross join lateral (
    select
      pg_catalog.format_type(a.type, null) as full_name,
      quote_ident(tn.nspname) || '.' as prefix
  ) f
  group by p.oid
)
select
  p.oid::text as oid,
  json_build_object(
    'name', p.proname,
    'description', pg_catalog.obj_description(p.oid, 'pg_proc'),
    'is_volatile', p.provolatile = 'v',
    'parameters', coalesce(a.inputs, '[]')
  )::text as routine
from exposed p
left join arguments a on a.oid = p.oid
order by p.proname
