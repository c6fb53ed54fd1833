-- The tables, views and functions of a schema ($1) that the session's role may use, or all ($2).
select
  (
    select coalesce(string_agg(c.oid::text, ',' order by c.oid), '')
    from pg_catalog.pg_class c
    where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and not c.relispartition
      and (
        $2::boolean
        or pg_catalog.pg_has_role(c.relowner, 'USAGE')
        or pg_catalog.has_table_privilege(
          c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER'
        )
        or pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
      )
  ) as relations,
  (
    select coalesce(string_agg(p.oid::text, ',' order by p.oid), '')
    from pg_catalog.pg_proc p
    where p.pronamespace = n.oid and p.prokind = 'f'
      and ($2::boolean or pg_catalog.has_function_privilege(p.oid, 'execute'))
  ) as routines,
  pg_catalog.obj_description(n.oid, 'pg_namespace') as comment
from pg_catalog.pg_namespace n
where n.nspname = $1
