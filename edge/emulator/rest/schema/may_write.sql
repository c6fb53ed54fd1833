-- Whether the current role may write ($3: insert or update) the relation $2 of the schema $1.
select
  pg_catalog.has_schema_privilege(n.oid, 'usage') as may_use_schema,
  pg_catalog.has_any_column_privilege(c.oid, $3) as may_write,
  case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2
