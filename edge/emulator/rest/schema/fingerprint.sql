-- Changes when a relation, column, function, constraint or schema comes, goes or changes; a few ms.
select concat_ws(':',
  (select concat(count(*), '.', sum(xmin::text::bigint)) from pg_catalog.pg_class where oid >= 16384),
  (select concat(count(*), '.', sum(xmin::text::bigint)) from pg_catalog.pg_attribute where attrelid >= 16384),
  (select concat(count(*), '.', sum(xmin::text::bigint)) from pg_catalog.pg_proc where oid >= 16384),
  (select concat(count(*), '.', sum(xmin::text::bigint)) from pg_catalog.pg_constraint where oid >= 16384),
  (select concat(count(*), '.', sum(xmin::text::bigint)) from pg_catalog.pg_type where oid >= 16384),
  (select concat(count(*), '.', sum(xmin::text::bigint)) from pg_catalog.pg_namespace where oid >= 16384)
) as fingerprint
