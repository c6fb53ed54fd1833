-- Whether the current role may call a function $2 of the schema $1.
select
  bool_and(pg_catalog.has_schema_privilege(n.oid, 'usage')) as may_use_schema,
  bool_or(pg_catalog.has_function_privilege(p.oid, 'execute')) as may_call,
  'function' as kind
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where n.nspname = $1 and p.proname = $2 and $3::text is not null
