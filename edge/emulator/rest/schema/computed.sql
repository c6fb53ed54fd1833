-- Functions of a row that return rows: computed relationships.
select
  pn.nspname as function_schema, p.proname as function_name,
  an.nspname as source_schema, a.typname as source_table,
  rn.nspname as target_schema, r.typname as target_table,
  not p.proretset or p.prorows = 1 as is_single
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace
join pg_catalog.pg_type a on a.oid = p.proargtypes[0]
join pg_catalog.pg_namespace an on an.oid = a.typnamespace
join pg_catalog.pg_class ac on ac.oid = a.typrelid and ac.relkind in ('r', 'p', 'v', 'm', 'f')
join pg_catalog.pg_type r on r.oid = p.prorettype
join pg_catalog.pg_namespace rn on rn.oid = r.typnamespace
join pg_catalog.pg_class rc on rc.oid = r.typrelid and rc.relkind in ('r', 'p', 'v', 'm', 'f')
where p.pronargs = 1 and p.prokind = 'f'
