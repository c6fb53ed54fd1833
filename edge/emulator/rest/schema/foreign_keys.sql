-- Every foreign key, and whether its columns are unique (then it is one-to-one).
select
  sn.nspname as source_schema,
  s.relname as source_table,
  tn.nspname as target_schema,
  t.relname as target_table,
  k.conname as "constraint",
  pairs.columns,
  exists (
    select from pg_catalog.pg_constraint u
    where u.conrelid = k.conrelid and u.contype in ('p', 'u')
      and u.conkey @> k.conkey and u.conkey <@ k.conkey
  ) as is_unique,
  exists (
    select from pg_catalog.pg_constraint u
    where u.conrelid = k.conrelid and u.contype = 'p' and u.conkey @> k.conkey
  ) as is_in_primary_key
from pg_catalog.pg_constraint k
join pg_catalog.pg_class s on s.oid = k.conrelid
join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
join pg_catalog.pg_class t on t.oid = k.confrelid
join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
cross join lateral (
  select json_agg(json_build_array(a.attname, b.attname) order by p.position) as columns
  from unnest(k.conkey, k.confkey) with ordinality as p(source, target, position)
  join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.source
  join pg_catalog.pg_attribute b on b.attrelid = k.confrelid and b.attnum = p.target
) pairs
where k.contype = 'f' and k.conparentid = 0
order by sn.nspname, s.relname, k.conname
