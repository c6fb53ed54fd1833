-- Functions that convert a domain to json, and json or text to a domain: implicit casts.
select
  pg_catalog.format_type(c.castsource, null) as source,
  pg_catalog.format_type(c.casttarget, null) as target,
  pg_catalog.format('%I.%I', n.nspname, p.proname) as function
from pg_catalog.pg_cast c
join pg_catalog.pg_type s on s.oid = c.castsource
join pg_catalog.pg_type t on t.oid = c.casttarget
join pg_catalog.pg_proc p on p.oid = c.castfunc
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where c.castcontext = 'i' and c.castmethod = 'f'
  and pg_catalog.has_function_privilege(c.castfunc, 'execute')
  and (
    s.typtype = 'd' and c.casttarget = 'pg_catalog.json'::regtype
    or t.typtype = 'd' and c.castsource in ('pg_catalog.json'::regtype, 'pg_catalog.text'::regtype)
  )
