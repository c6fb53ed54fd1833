-- Type names that a cast may use, best match last ($1: the search path, most important last).
select t.typname as name, pg_catalog.format('%I.%I', n.nspname, t.typname) as qualified
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where (n.nspname = 'pg_catalog' or n.nspname = any ($1)) and t.typtype <> 'p'
order by array_position($1 || 'pg_catalog'::text, n.nspname::text), t.oid
